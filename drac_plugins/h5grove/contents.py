"""One question about one HDF5 file, answered by h5grove within bounds. Runs in `reader` alone.

Where the kernel guards the process (`guard`), links are the library's business. Elsewhere only what the file itself
holds is read: links to other files are named and not followed, and datasets whose values are elsewhere are refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
from h5grove import content as h5content
from h5grove.encoders import encode
from h5grove.models import LinkResolution
from h5grove.utils import (
    NotFoundError,
    PathError,
    get_attr_id,
    hdf_path_join,
    parse_bool_arg,
    parse_link_resolution_arg,
    parse_slice,
)

from drac_plugins.h5grove.questions import Answer, Question

MOST_MEMBERS = 10_000
MOST_ATTRIBUTE_BYTES = 1024 * 1024
_DEPTH = 16


class Refused(Exception):
    """What is asked for is there, and is not given."""


def opened(question: Question) -> int:
    """A descriptor of the file. Raises OSError when it cannot be read, Refused when it is no plain file of a place that
    may be read. What has been opened is looked at, not the name, which may mean something else by now."""
    descriptor = os.open(question.file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise Refused("this is no plain file")
    real = str(Path(f"/proc/self/fd/{descriptor}").readlink())
    if real != question.file and not any(real.startswith(f"{folder}/") for folder in question.folders):
        raise Refused(
            "a symbolic link leads out of the dataset's folder (operators: ingest.path_map names real places)"
        )
    return descriptor


def answer(question: Question, descriptor: int, *, guarded: bool) -> Answer:
    """`descriptor`: of the open file. Raises nothing that h5py and h5grove raise."""
    try:
        with _file(descriptor) as file:
            found = _content(file, question, guarded=guarded)
            encoded = encode(_value(found, question), question.query.get("format"))
            return Answer(200, encoded.headers, encoded.content)
    except (NotFoundError, KeyError) as error:
        return failure(404, str(error).strip("'\"") or "there is no such path in the file")
    except (MemoryError, RecursionError):
        return failure(400, "this asks for more memory than it may have; ask for a part (selection=...)")
    except (Refused, OSError, ValueError, TypeError, IndexError, RuntimeError, AttributeError) as error:
        return failure(400, str(error)[:500] or type(error).__name__)


def failure(status: int, text: str) -> Answer:
    return Answer(status, {"Content-Type": "text/plain; charset=utf-8"}, text.encode("utf-8", "backslashreplace"))


def _file(descriptor: int) -> h5py.File:
    path = f"/proc/self/fd/{descriptor}"
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        if "open for write" not in str(error) and "SWMR" not in str(error):
            raise
        return h5py.File(path, "r", locking=False, swmr=True)


def _content(file: h5py.File, question: Question, *, guarded: bool) -> h5content.EntityContent:
    links = parse_link_resolution_arg(question.query.get("resolve_links"), LinkResolution.ONLY_VALID)
    path = question.path or (_default_path(file) if question.kind in ("data", "stats") else "/")
    found = h5content.create_content(file, path, links) if guarded else own_content(file, path, links)
    if isinstance(found, h5content.GroupContent) and len(found._h5py_entity) > MOST_MEMBERS:
        raise Refused(f"the group has {len(found._h5py_entity)} members, more than {MOST_MEMBERS}; ask for one of them")
    return found


def _default_path(file: h5py.File) -> str:
    """Of the values that are to be plotted first, by NeXus: `default` leads from group to group, down to an NXdata
    whose `signal` names its dataset."""
    path = "/"
    for _ in range(_DEPTH):
        group = _member(file, path, follow=True)
        attributes = group.attrs if isinstance(group, h5py.Group) else {}
        ends = "signal" in attributes
        step = attributes.get("signal" if ends else "default")
        step = step.decode() if isinstance(step, bytes) else step
        if not isinstance(step, str):
            break
        path = str(hdf_path_join(path, step))
        if ends:
            return path
    raise Refused("the file names no default dataset (NeXus: default, signal); say which one (path=...)")


def _value(found: h5content.EntityContent, question: Question) -> Any:
    query = question.query
    if question.kind == "meta":
        return found.metadata()
    if question.kind == "attr":
        if not isinstance(found, h5content.ResolvedEntityContent):
            raise Refused(f"{found.path} is a link that leads nowhere")
        return found.attributes(_attributes(found, query.get("attr_keys")))
    if not isinstance(found, h5content.DatasetContent):
        raise Refused(f"{found.path} is no dataset")
    selection = query.get("selection")
    _refuse_too_much(found._h5py_entity, selection, question)
    if question.kind == "stats":
        return found.data_stats(selection)
    return found.data(selection, parse_bool_arg(query.get("flatten"), fallback=False), query.get("dtype"))


def _attributes(found: h5content.ResolvedEntityContent[Any], wanted: Sequence[str] | None) -> Sequence[str] | None:
    """The names wanted, after a look at how large their values are."""
    attributes = found._h5py_entity.attrs
    size = 0
    for name in wanted if wanted is not None else attributes:
        size += get_attr_id(attributes, name).get_storage_size()
        if size > MOST_ATTRIBUTE_BYTES:
            raise Refused(f"the attributes hold more than {MOST_ATTRIBUTE_BYTES} bytes; ask for some of them")
    return wanted


def _refuse_too_much(dataset: h5py.Dataset, selection: str | None, question: Question) -> None:
    if question.query.get("format") == "bin" and dataset.dtype.hasobject:
        raise Refused("values of variable length have no binary form; ask for format=json")
    if dataset.shape is None:  # an empty one
        return
    members = parse_slice(selection) if selection else ()
    count = 1
    for number, length in enumerate(dataset.shape):
        member = members[number] if number < len(members) else slice(None)
        count *= len(range(*member.indices(length))) if isinstance(member, slice) else 1
    size = count * dataset.dtype.itemsize
    if size > question.most_bytes:
        raise Refused(
            f"{size} bytes are asked for at once, more than {question.most_bytes}; ask for a part (selection=...)"
        )


class _OwnGroup(h5content.GroupContent):  # type: ignore[misc]  # h5grove carries no types
    """A group whose members are looked at without leaving the file."""

    def _get_child_metadata_content(self, depth: int = 0) -> list[Any]:
        return [
            own_content(self._h5file, hdf_path_join(self._path, name), LinkResolution.ONLY_VALID).metadata(depth)
            for name in self._h5py_entity
        ]


def own_content(file: h5py.File, path: str, links: LinkResolution) -> h5content.EntityContent:
    """What `h5grove.content.create_content` returns, of the file itself alone. Raises PathError and Refused."""
    found = _member(file, path, follow=links is not LinkResolution.NONE)
    if isinstance(found, h5py.SoftLink):
        if links is LinkResolution.ALL:
            raise NotFoundError(f"the link at {path} leads nowhere in this file")
        return h5content.SoftLinkContent(path, found)
    if isinstance(found, h5py.ExternalLink):
        return h5content.ExternalLinkContent(path, found)
    if isinstance(found, h5py.Dataset):
        _refuse_values_elsewhere(found)
        return h5content.DatasetContent(path, found)
    if isinstance(found, h5py.Group):
        return _OwnGroup(path, found, file)
    if isinstance(found, h5py.Datatype):
        return h5content.DatatypeContent(path, found)
    raise PathError(f"there is no {path} in the file")


def _member(file: h5py.File, path: str, *, follow: bool) -> Any:
    """The object; or the link at the end of the path, when it is not to be followed or leads nowhere in this file; None
    when there is nothing."""
    place: Any = file["/"]
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for number, part in enumerate(parts):
        if not isinstance(place, h5py.Group):
            return None
        link = place.get(part, getlink=True)
        if number == len(parts) - 1 and not follow and isinstance(link, h5py.SoftLink | h5py.ExternalLink):
            return link
        place = _linked(place, part)
    return place


def _linked(group: h5py.Group, name: str, depth: int = 0) -> Any:
    """The object that a link leads to, if that is in this file; else the link."""
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.HardLink):
        found = group.get(name)
        return found if h5py.h5f.get_name(found.id) == h5py.h5f.get_name(group.id) else None
    if not isinstance(link, h5py.SoftLink) or depth >= _DEPTH:
        return link
    place: Any = group.file["/"] if link.path.startswith("/") else group
    for part in (part for part in link.path.split("/") if part not in ("", ".")):
        place = _linked(place, part, depth + 1) if isinstance(place, h5py.Group) else None
    return place if isinstance(place, h5py.Group | h5py.Dataset | h5py.Datatype) else link


def _refuse_values_elsewhere(dataset: h5py.Dataset) -> None:
    if dataset.is_virtual or dataset.external:
        raise Refused("the values of this dataset are in other files, which this host cannot follow safely")
