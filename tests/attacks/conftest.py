"""Attacks go through the service and the jobs as they are: these are the fixtures of their tests."""

from tests.profile_api.conftest import api_settings, client, features, fresh_world, headers, issuer, world
from tests.profile_api.identity.conftest import ask, kept, owners

__all__ = ["api_settings", "ask", "client", "features", "fresh_world", "headers", "issuer", "kept", "owners", "world"]
