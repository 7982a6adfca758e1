from tests.support.demonstration import demonstration

__all__ = ["demonstration"]
