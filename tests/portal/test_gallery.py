"""Gallery files on the pages."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from tests.portal.laboratory import Laboratory, Visitor

Visit = Callable[..., Visitor]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"


def png() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (4, 3), "red").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def session(laboratory: Laboratory) -> int:
    return laboratory.session(team={"ada": "Principal investigator", "bo": "Participant"})


@pytest.fixture(scope="module")
def shown(laboratory: Laboratory, session: int) -> tuple[int, str]:
    """A dataset and the id of its picture. The dataset's id must be known first, so its list is written last."""
    (first,) = laboratory.datasets(session, [{"name": "with_picture"}])
    resource = laboratory.picture(first, "snapshot.png", png())
    return first, resource


@pytest.mark.parametrize("login", ["ada", "bo", "cy"])
def test_who_may_see_the_dataset_sees_its_pictures(visit: Visit, shown: tuple[int, str], login: str) -> None:
    reply = visit(login).get(f"/portal/datasets/{shown[0]}/gallery/{shown[1]}")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "image/png"
    assert reply.headers["Content-Disposition"] == "inline; filename=snapshot.png"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"].startswith("private")
    assert reply.content == png()


@pytest.mark.parametrize("login", ["dee", None])
def test_nobody_else_sees_them(visit: Visit, shown: tuple[int, str], login: str | None) -> None:
    reply = visit(login).get(f"/portal/datasets/{shown[0]}/gallery/{shown[1]}")
    assert reply.status_code == 404
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_picture_is_not_reached_through_a_dataset_that_one_may_see(
    visit: Visit, laboratory: Laboratory, shown: tuple[int, str]
) -> None:
    hers = laboratory.dataset(laboratory.session(team={"dee": "Principal investigator"}), "hers")
    dee = visit("dee")
    assert dee.get(f"/portal/datasets/{hers}").status_code == 200
    assert dee.get(f"/portal/datasets/{hers}/gallery/{shown[1]}").status_code == 404


@pytest.mark.parametrize(
    ("filename", "content", "content_type"),
    [("plot.svg", SVG, "image/svg+xml"), ("report.html", HTML, "text/html"), ("innocent.png", HTML, "text/html")],
)
def test_what_may_carry_scripts_is_only_offered_for_download(
    visit: Visit, laboratory: Laboratory, shown: tuple[int, str], filename: str, content: bytes, content_type: str
) -> None:
    resource = laboratory.picture(shown[0], filename, content)
    reply = visit("ada").get(f"/portal/datasets/{shown[0]}/gallery/{resource}")
    assert reply.headers["Content-Type"].partition(";")[0] == content_type
    assert reply.headers["Content-Disposition"] == f"attachment; filename={filename}"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self'" in reply.headers["Content-Security-Policy"]


def test_odd_names_of_files_do_not_break_the_answer(
    visit: Visit, laboratory: Laboratory, shown: tuple[int, str]
) -> None:
    for filename in ('a "quoted"; name.png', "Übersicht χ.png", "new\nline.png"):
        resource = laboratory.picture(shown[0], filename, png() + filename.encode())
        reply = visit("ada").get(f"/portal/datasets/{shown[0]}/gallery/{resource}")
        assert reply.status_code == 200, filename
        assert reply.headers["Content-Disposition"].startswith("inline; filename")


@pytest.mark.parametrize("resource", ["0" * 24, "x", "%2e%2e%2f%2e%2e", "a" * 5000])
def test_an_unknown_picture_is_not_there(visit: Visit, shown: tuple[int, str], resource: str) -> None:
    assert visit("ada").get(f"/portal/datasets/{shown[0]}/gallery/{resource}").status_code == 404


def test_the_gallery_shows_pictures_with_their_names_and_the_rest_without(
    visit: Visit, laboratory: Laboratory, session: int
) -> None:
    """Case 27: ids and names of different number."""
    values = {"ResourcesGallery": "a1 b2 c3", "ResourcesGalleryFilePaths": "gallery/one.png,gallery/two.jpg"}
    key = laboratory.dataset(session, "uneven", values=values)
    page = visit("ada").page(f"/portal/datasets/{key}")
    assert "<figcaption>one.png</figcaption>" in page
    assert "<figcaption>two.jpg</figcaption>" in page
    assert f'src="/portal/datasets/{key}/gallery/c3"' in page
    assert "<figcaption>picture 3</figcaption>" in page
