from tests.attacks.conftest import site

__all__ = ["site"]
