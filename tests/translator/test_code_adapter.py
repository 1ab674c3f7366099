"""Code of adapters in the process that live messages meet: what it may do, and what becomes of who does more."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from proxy.core.translation.adapter_code import HeadChange, MadeElsewhere, ToMake
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.code.pure_code import faults_in
from proxy.core.translation.untranslatable import Untranslatable
from proxy.translator.code_trial import import_problem, translated_by_code
from tests.translator.code import EVASION, policy
from tests.translator.translators import linked, made, translators_at

ANSWER = ToMake(b'{"phone":1.10,"x":[{"a":1,"a":2}]}', 200, b"GET", b"/c?p=1", [b"X-Shop: 1", b"Cookie: c"])
REQUEST = ToMake(b'{"tel":1.10}', 0, b"POST", b"/c?p=1&q=%7e", [b"X-Shop: 1"])
WHILE = policy("while True: pass", timeout=0.3)
EXITS = policy('re.enum.sys.modules["os"]._exit(0)')
MEMORY = policy('answer.body = "x" * 2**31\nreturn answer')
SOCKET = policy(f'{EVASION}("socket").socket()\nreturn answer')


def told(adapter: AdapterPolicy, message: ToMake = ANSWER) -> str:
    found = translated_by_code(adapter, message)
    assert isinstance(found, Untranslatable), found
    return f"{found.status}: {found.sentence}"


def test_a_request_and_an_answer_are_what_code_makes_of_them() -> None:
    """Body, fields, query and status; exact numbers and keys that stand twice stay, and nobody sees a cookie."""
    adapter = policy(
        'answer.body["tel"] = answer.body.pop("phone")\n'
        'answer.headers.set("X-Seen", ",".join(name for name, _ in answer.headers))\n'
        "answer.status = 201\n"
        "return answer",
        'request.body["phone"] = request.body.pop("tel")\n'
        'request.query = [("page", value) if name == "p" else (name, value) for name, value in request.query]\n'
        'request.headers.drop("x-shop")\n'
        "return request",
    )

    answer, request = translated_by_code(adapter, ANSWER), translated_by_code(adapter, REQUEST)

    assert isinstance(answer, MadeElsewhere)
    assert isinstance(request, MadeElsewhere)
    assert answer.body == b'{"x":[{"a":1,"a":2}],"tel":1.10}'
    assert (answer.change.status, answer.change.fields) == (201, ((b"X-Seen", (b"X-Shop",)),))
    assert (request.body, request.change.query) == (b'{"phone":1.10}', b"page=1&q=~")
    assert request.change.fields == ((b"x-shop", ()),)


def test_a_codec_that_code_names_is_there() -> None:
    """Python loads it from a file when it is first used."""
    found = translated_by_code(policy('answer.body = "あ".encode("cp932").hex()\nreturn answer'), ANSWER)
    assert found == MadeElsewhere(b'"82a0"', HeadChange(200))


def test_code_reads_and_writes_moments_by_a_pattern() -> None:
    """Both ways of datetime import a module in the name of the code, which may not: it gets none of either."""
    pattern = "%Y/%m/%d %H:%M:%S"
    adapter = policy(
        f'at = datetime.datetime.strptime("2026/11/29 21:42:00", "{pattern}") + datetime.timedelta(hours=9)\n'
        f'answer.body = at.strftime("{pattern} %A %B")\n'
        "import time\n"
        'answer.headers.set("X-Has", str(hasattr(time, "time")))\n'
        "return answer",
        top="import datetime",
        timeout=60.0,
    )

    found = translated_by_code(adapter, ANSWER)

    assert isinstance(found, MadeElsewhere), found
    assert found.body == b'"2026/11/30 06:42:00 Monday November"'
    assert found.change.fields == ((b"X-Has", (b"False",)),)


def test_what_code_leaves_alone_stays_byte_for_byte() -> None:
    """Query and fields; and of a message without a body there is none afterwards."""
    found = translated_by_code(policy("return answer"), REQUEST._replace(body=None))
    assert found == MadeElsewhere(None)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            'answer.body["y"] = {"z": 1.5}\nreturn answer',
            "502: $.y.z: a float is not exact; make it a Decimal or an int",
        ),
        ("return answer.body", "502: answer_from_new: it returned dict, and no Answer"),
        ('answer.headers.set("ETag", "1")\nreturn answer', "502: a header field: code may not make it"),
        ("answer.status = 304\nreturn answer", "502: status: it is made one that no translated answer can have"),
        ('return answer.body["missing"]', "400: $: KeyError (adapters/a.py:7 in answer_from_new)"),
        ('int("secret")', "400: $: ValueError (adapters/a.py:7 in answer_from_new)"),
        ('raise Untranslatable("$.x", "no")', "400: $.x: no (adapters/a.py:7 in answer_from_new)"),
        ("import socket", "400: $: ImportError (adapters/a.py:7 in answer_from_new)"),
        ('open("/etc/passwd")', "400: $: NameError (adapters/a.py:7 in answer_from_new)"),
        (
            'raise Untranslatable("a\\n", "\\x1b[31m" + "b" * 9999)',
            f"400: a\\n: \\x1b[31m{'b' * 295} (adapters/a.py:7",
        ),
        ("raise SystemExit", "502: $: its process ended"),
    ],
)
def test_what_cannot_be_translated_is_told_by_path_file_and_line(lines: str, sentence: str) -> None:
    """Never by a value of the message."""
    assert told(policy(lines)).startswith(sentence)


def test_who_gets_at_what_is_kept_from_it_finds_that_it_can_do_nothing() -> None:
    """Whoever reads the code sees nothing; its process has no end for a file, no network, no memory beyond its own."""
    adapters = (WHILE, EXITS, MEMORY, SOCKET)
    assert [faults_in(each.code.source) for each in adapters if each.code is not None] == [[]] * 4

    assert told(WHILE) == "502: $: it took longer than 0.3 s"
    assert told(EXITS) == "502: $: its process ended"
    assert "it takes more memory than an adapter may have" in told(MEMORY)
    assert told(SOCKET).startswith("400: $: ModuleNotFoundError")
    secret = policy(f'{EVASION}("os").environ["BANYAN_SECRET"]\nreturn answer')
    os.environ["BANYAN_SECRET"] = "s"
    assert told(secret).startswith("400: $: KeyError")


async def test_messages_do_not_see_each_other(tmp_path: Path) -> None:
    """What a function keeps in its module is gone with the message; what it prints goes nowhere."""
    prints = f'{EVASION}("builtins").print("printed", flush=True)\n'
    adapter = policy(
        prints + "KEPT.append(1)\nanswer.body = len(KEPT)\nanswer_from_new.seen = 1\nreturn answer", top="KEPT = []"
    )
    async with translators_at(tmp_path), linked(tmp_path) as link:
        assert [await made(link, adapter, ANSWER) for _ in range(3)] == [MadeElsewhere(b"1", HeadChange(200))] * 3


@pytest.mark.parametrize(
    "keeps",
    [
        'KEPT = re\nKEPT.seen = getattr(KEPT, "seen", 0) + 1\nanswer.body = KEPT.seen',
        'KEPT = type(answer)\nKEPT.seen = getattr(KEPT, "seen", 0) + 1\nanswer.body = KEPT.seen',
        "answer.body = int(decimal.getcontext().prec == 28)\ndecimal.getcontext().prec = 5",
        "KEPT = json\nanswer.body = int(KEPT.loads is LOADS)\nKEPT.loads = None",
        'KEPT = Untranslatable\nanswer.body = int(KEPT.__name__ == "Untranslatable")\nKEPT.__init__ = None',
    ],
)
async def test_what_is_imported_is_as_it_was_with_each_message(tmp_path: Path, keeps: str) -> None:
    """What one has set in a module or a class, replaced there, or in decimal's context, the next one does not find."""
    adapter = policy(
        f"{keeps}\nreturn answer", top="import decimal, json\nLOADS = json.decoder.JSONDecoder and json.loads"
    )
    async with translators_at(tmp_path), linked(tmp_path) as link:
        assert [await made(link, adapter, ANSWER) for _ in range(3)] == [MadeElsewhere(b"1", HeadChange(200))] * 3


@pytest.mark.parametrize(
    "call",
    [
        *(
            "unlink(FILE)",
            "truncate(FILE, 0)",
            'rename(FILE, FILE + "2")',
            "chmod(FILE, 0)",
            'symlink("/", FILE + "2")',
        ),
        *('mkdir(FILE + "2")', "stat(FILE)", "fork()", "kill(0, 0)", "kill(1, 0)", 'execv("/bin/true", ["true"])'),
    ],
)
def test_no_call_leads_out_of_its_process(tmp_path: Path, call: str) -> None:
    """Files by their names alone, processes and signals: refused, whoever runs it, and nothing has changed."""
    file = tmp_path / "file"
    file.write_text("whole", encoding="utf-8")
    adapter = policy(f'{EVASION}("os").{call.replace("FILE", repr(str(file)))}\nreturn answer')

    assert told(adapter).startswith("400: $: PermissionError")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert (file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777) == ("whole", 0o644)


def test_no_message_is_held_up_by_looking_for_garbage() -> None:
    """That costs more than to translate a long body; it is done behind it."""
    found = translated_by_code(policy(f'answer.body = {EVASION}("gc").isenabled()\nreturn answer'), ANSWER)
    assert found == MadeElsewhere(b"false", HeadChange(200))


def test_its_limits_stay_and_it_has_one_thread() -> None:
    """That of CPU alone is its own to set, which keeps nobody from ending it."""
    own = f'limits = {EVASION}("resource")\n'
    assert told(policy(f"{own}limits.getrlimit(limits.RLIMIT_AS)")).startswith("400: $: PermissionError")
    assert told(policy(f'{EVASION}("_thread").start_new_thread(min, ())')).startswith("400: $: RuntimeError")
    assert translated_by_code(
        policy(f"{own}limits.getrlimit(limits.RLIMIT_CPU)\nreturn answer"), REQUEST._replace(body=None)
    ) == MadeElsewhere(None)


def test_code_that_does_not_import_is_told_by_line() -> None:
    """Tried in the same process; one that hangs is killed."""
    broken, hangs = policy("return answer", top="1 / 0"), policy("return answer", top="while True: pass")
    found = import_problem(broken)
    assert found is not None
    assert (found.problem, found.line) == ("ZeroDivisionError", 3)
    assert import_problem(policy("return answer")) is None
    began = time.monotonic()
    assert import_problem(hangs) is not None
    assert time.monotonic() - began < 60
