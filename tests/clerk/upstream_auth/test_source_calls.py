"""What each kind of source gives, and how it fails: one sentence, without secrets."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.auth.exceptions import RefreshError

from proxy.clerk.upstream_auth import aws_credentials, google_identity
from proxy.clerk.upstream_auth.aws_credentials import fetch_from_environment
from proxy.clerk.upstream_auth.source_calls import fetch_token
from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.core.secret import NO_TEXT, Secret
from proxy.core.upstream_auth.token_source import (
    AwsChain,
    AwsEnvironment,
    AwsFile,
    BearerFile,
    ClientCredentials,
    GoogleIdentity,
    IssuedToken,
    TokenSource,
)
from proxy.names.resolver import Resolver
from proxy.tasks import Tasks
from tests.core.reachability.google_answers import BORROWED, KEY_GONE
from tests.e2e.program import free_port

SOURCE = ClientCredentials(url="", client_id="b:n", client_secret=Secret("hush/hush"), scope="a b")


async def fetched(source: TokenSource) -> IssuedToken:
    tasks = Tasks()
    resolver = Resolver(tasks)
    try:
        return await fetch_token(source, resolver)
    finally:
        await tasks.end()
        await resolver.close()


async def refused(source: TokenSource) -> str:
    with pytest.raises(SourceError) as error:
        await fetched(source)
    assert "hush" not in str(error.value)
    return str(error.value)


def jwt(ends: float) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps({'exp': ends}).encode()).decode().rstrip('=')}.sig"


@asynccontextmanager
async def provider(status: int, body: bytes, seen: list[dict[str, str]]) -> AsyncIterator[ClientCredentials]:
    """Answers every question like this."""

    async def answer(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        seen.append({"login": request.headers.get("Authorization", ""), **form})
        return web.Response(status=status, body=body, headers={"Location": "/elsewhere"})

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield replace(SOURCE, url=f"http://127.0.0.1:{runner.addresses[0][1]}/token")
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("more", "life"), [({"expires_in": 60}, 60.0), ({"expires_in": "60"}, 60.0), ({}, float("inf"))]
)
async def test_client_credentials_give_a_token(more: dict[str, object], life: float) -> None:
    """The client says who it is as RFC 6749 wants it encoded; the token's life begins before the call."""
    seen: list[dict[str, str]] = []
    body = json.dumps({"access_token": "abc", "token_type": "Bearer", **more}).encode()
    before = time.time()
    async with provider(200, body, seen) as source:
        token = await fetched(source)
    login = base64.b64encode(b"b%3An:hush%2Fhush").decode()
    assert seen == [{"login": f"Basic {login}", "grant_type": "client_credentials", "scope": "a b"}]
    assert token.token == Secret("abc")
    assert before <= token.issued <= time.time()
    assert token.ends == token.issued + life


async def test_a_secret_in_a_file_is_read_for_each_token(tmp_path: Path) -> None:
    """It is changed there without a reload; one that is missing or empty is said."""
    seen: list[dict[str, str]] = []
    file = tmp_path / "secret"
    async with provider(200, b'{"access_token": "abc", "expires_in": 60}', seen) as source:
        kept = replace(source, client_secret=NO_TEXT, secret_file=str(file))
        assert await refused(kept) == "the file of client_secret cannot be read: No such file or directory"
        for secret in ("hush-one", "hush-two"):
            file.write_text(f"{secret}\n")
            await fetched(kept)
        file.write_bytes(b"\xff")
        assert await refused(kept) == "the file of client_secret cannot be read: it is no UTF-8"
        file.write_text("\n")
        assert await refused(kept) == "the file of client_secret is empty"
    said = [base64.b64decode(each["login"].removeprefix("Basic ")).decode() for each in seen]
    assert said == ["b%3An:hush-one", "b%3An:hush-two"]


async def test_a_jwt_without_a_said_life_ends_when_it_says() -> None:
    """The provider left `expires_in` out."""
    ends = float(int(time.time()) + 50)
    async with provider(200, json.dumps({"access_token": jwt(ends)}).encode(), []) as source:
        assert (await fetched(source)).ends == ends


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b'{"error": "invalid_client", "error_description": "hush"}', "the provider answered 401: invalid_client"),
        (500, b"hush", "the provider answered 500"),
        (400, b'{"error": "HUSH hush"}', "the provider answered 400"),
        (302, b"", "the provider answered 302"),
        (200, b"hush", "the provider's answer holds no access_token"),
        (200, b"{}", "the provider's answer holds no access_token"),
        (200, b'{"access_token": "hush", "token_type": "mac"}', "the provider's token is no bearer token"),
        (200, b'{"access_token": "hu sh"}', "the provider's token is no bearer token"),
        (200, b'{"access_token": "hush", "expires_in": 0}', "the provider's token has ended already"),
        (200, b"x" * 300_000, "the provider's answer is too long"),
    ],
)
async def test_a_provider_that_gives_none(status: int, body: bytes, said: str) -> None:
    """Of its answer nothing is repeated but a word of the standard's."""
    async with provider(status, body, []) as source:
        assert await refused(source) == said


async def test_a_provider_that_is_away() -> None:
    """Nobody listens there."""
    assert "cannot connect" in await refused(replace(SOURCE, url=f"http://127.0.0.1:{free_port()}/token"))


async def test_a_bearer_file(tmp_path: Path) -> None:
    """Holds one token, perhaps with a line's end; a JWT in it ends when it says."""
    file = tmp_path / "token"
    source = BearerFile(path=str(file))
    assert await refused(source) == "No such file or directory"
    ends = float(int(time.time()) + 50)
    for text, until in (("abc\n", float("inf")), (jwt(ends), ends)):
        await asyncio.to_thread(file.write_text, text)
        token = await fetched(source)
        assert (token.token, token.ends) == (Secret(text.strip()), until)
    await asyncio.to_thread(file.write_text, "hush hush")
    assert await refused(source) == "the file holds no bearer token"
    await asyncio.to_thread(file.write_text, jwt(time.time() - 1))
    assert await refused(source) == "the file's token has ended already"


def test_the_environment_holds_credentials() -> None:
    """Both parts, and perhaps a session."""
    known = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hush"}
    token = fetch_from_environment(5.0, known)
    assert (token.access_key, token.token, token.session.reveal(), token.issued) == ("AKID", Secret("hush"), "", 5.0)
    assert fetch_from_environment(5.0, known | {"AWS_SESSION_TOKEN": "s"}).session == Secret("s")
    for wrong in ({}, {"AWS_ACCESS_KEY_ID": "AKID"}, known | {"AWS_ACCESS_KEY_ID": "a\r\nb"}):
        with pytest.raises(SourceError):
            fetch_from_environment(5.0, wrong)


async def test_without_credentials_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their names are said."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    assert "AWS_ACCESS_KEY_ID" in await refused(AwsEnvironment())


PROFILES = """\
[default]
aws_access_key_id = AKONE
aws_secret_access_key = hush=%hush
[two]
aws_access_key_id=AKTWO
aws_secret_access_key=hush
aws_session_token=session
[empty]
region = eu-west-1
"""


async def test_a_file_of_profiles(tmp_path: Path) -> None:
    """As the AWS command line writes it."""
    file = tmp_path / "credentials"
    await asyncio.to_thread(file.write_text, PROFILES)
    one, two = AwsFile(path=str(file)), AwsFile(path=str(file), profile="two")
    token = await fetched(one)
    assert (token.access_key, token.token) == ("AKONE", Secret("hush=%hush"))
    token = await fetched(two)
    assert (token.access_key, token.session) == ("AKTWO", Secret("session"))
    assert await refused(replace(one, profile="three")) == "the file has no profile three"
    assert "the profile empty has no aws_access_key_id" in await refused(replace(one, profile="empty"))
    await asyncio.to_thread(file.write_text, "hush")
    assert await refused(one) == "the file is no file of profiles"
    assert await refused(replace(one, path=str(tmp_path / "none"))) == "No such file or directory"


async def test_the_chain_of_botocore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Finds what is in the environment, and says when it finds nothing."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKCHAIN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    aws_credentials._chain.cache_clear()
    token = await fetched(AwsChain())
    assert (token.access_key, token.token, token.ends) == ("AKCHAIN", Secret("hush"), float("inf"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    aws_credentials._chain.cache_clear()
    assert await refused(AwsChain()) == "botocore has found no credentials"
    aws_credentials._chain.cache_clear()


@pytest.mark.parametrize(
    ("said", "sentence", "status"),
    [
        (
            "Error getting ID token: " + str(json.loads(BORROWED)),
            "google-auth: RefreshError: iam.serviceAccounts.getOpenIdToken is missing in the caller's project",
            403,
        ),
        ("Error getting ID token: {'error': {'code': 500}}", "google-auth: RefreshError: answered 500", 500),
        ("Error getting ID token: {'error'", "google-auth: RefreshError", None),
        ("Error getting ID token: ['no']", "google-auth: RefreshError", None),
        ("something else", "google-auth: RefreshError", None),
    ],
)
def test_what_google_says_of_a_borrowed_account_is_kept(said: str, sentence: str, status: int | None) -> None:
    """It stands in the error of google-auth alone; the log has what is missing."""
    error = google_identity._refused(RefreshError(said), None)  # type: ignore[no-untyped-call]

    assert str(error) == sentence
    assert (error.answered and error.answered.status) == status


async def test_a_key_that_google_does_not_take_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key file's token is asked for where the file says: what that answers is kept, and said."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    async with provider(400, KEY_GONE.encode(), []) as asked:
        account = {"type": "service_account", "client_email": "b@x.iam.gserviceaccount.com", "private_key": pem}
        (tmp_path / "key.json").write_text(json.dumps({**account, "token_uri": asked.url, "private_key_id": "1"}))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        said = await refused(GoogleIdentity(audience="https://crm.test"))

    assert said == "google-auth: RefreshError: the key is refused (Invalid JWT Signature.)"
