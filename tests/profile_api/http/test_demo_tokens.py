"""The invitation to a demonstration: what it prints works."""

import io
import re
import shlex
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from rich.console import Console
from sqlalchemy import Engine

from contracts.settings import Settings
from profile_api.app import create_app
from profile_api.http.demo_tokens import print_invitation
from profile_api.http.keys import NoIssuer
from tests.profile_api.people import ANA, BEN, Features

ADDRESS = "http://127.0.0.1:8000"


def test_each_printed_line_reads_the_profile_with_the_printed_token(
    client: TestClient, api_settings: Settings, engine: Engine, database_url: str
) -> None:
    printed = io.StringIO()
    print_invitation(api_settings, engine, ADDRESS, Console(file=printed, width=60))
    assert f"{ADDRESS}/advisor" in printed.getvalue()
    live = TestClient(create_app(api_settings, database_url, Features()))  # by the clock of this day
    lines = re.findall("^curl .*/lookup -H 'Authorization.*$", printed.getvalue(), re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        words = shlex.split(line)
        headers = dict(word.split(": ", 1) for option, word in pairwise(words) if option == "-H")
        assert headers["Authorization"].removeprefix("Bearer ") in printed.getvalue().splitlines()
        path = urlsplit(words[2]).path
        answer = live.post(path, content=words[words.index("-d") + 1], headers=headers)
        assert (answer.status_code, answer.json().get("profile_id")) == (200, ANA), answer.text


def test_the_customers_own_view_is_shown_with_a_token_that_reads_nobody_else(
    client: TestClient, api_settings: Settings, engine: Engine, database_url: str
) -> None:
    printed = io.StringIO()
    print_invitation(api_settings, engine, ADDRESS, Console(file=printed, width=60))
    live = TestClient(create_app(api_settings, database_url, Features()))
    lines = re.findall(f"^curl -s {ADDRESS}/v1/profiles/{ANA}.*$", printed.getvalue(), re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        words = shlex.split(line)
        headers = dict(word.split(": ", 1) for option, word in pairwise(words) if option == "-H")
        answer = live.get(urlsplit(words[2]).path, headers=headers)
        assert (answer.status_code, answer.json().get("profile_id")) == (200, ANA), answer.text
        assert live.get(f"/v1/profiles/{BEN}", headers=headers).status_code == 404


def test_an_empty_store_is_said_and_tokens_are_given_all_the_same(api_settings: Settings, engine: Engine) -> None:
    printed = io.StringIO()
    print_invitation(api_settings, engine, ADDRESS, Console(file=printed))
    assert "make pipeline" in printed.getvalue() and "/lookup" not in printed.getvalue()


def test_there_is_no_invitation_outside_demo_mode(api_settings: Settings, engine: Engine) -> None:
    with pytest.raises(NoIssuer):
        print_invitation(api_settings.model_copy(update={"demo": False}), engine, ADDRESS)
