"""Attacks go through the service and the jobs as they are: these are the fixtures of their tests."""

from tests.profile_api.conftest import api_settings, client, features, fresh_world, headers, issuer, world

__all__ = ["api_settings", "client", "features", "fresh_world", "headers", "issuer", "world"]
