"""The file that `banyan adapter new` writes: four functions that change nothing, with what may be done in them."""

from __future__ import annotations

TEXT = '''\
"""{name}: between the contracts of legacy and new. `speaks` in routes.yaml says which two of these are used.

Each function gets one message and gives one back. It may import what is pure (re, datetime, decimal, ...), opens
nothing, asks no clock, and keeps nothing from one message to the next. It runs in a process of its own: see
`banyan adapter try {name}` and docs/adapters.md.

  message.body      dict, list, str, bool, None, int, Decimal; a number that is left alone keeps its digits
  message.headers   .get(name), .set(name, value), .add(name, value), .drop(name), .all(name)
  request.query     a list of (name, value); request.method and request.path are what the client asked for
  answer.status     errors come here as well; answer.method and answer.path are the request's

What cannot be translated: raise Untranslatable("$.tel", "it is no number"), without a value of the message.
"""

from adapters import Answer, Request, Untranslatable


def request_to_new(request: Request) -> Request:
    """For clients that speak as legacy does (speaks: legacy), while new is asked."""
    # if request.body is not None:
    #     request.body["phone"] = request.body.pop("tel")
    return request


def answer_from_new(answer: Answer) -> Answer:
    """What new has answered, for the same clients."""
    # if answer.status < 400 and answer.body is not None:
    #     answer.body["tel"] = answer.body.pop("phone")
    return answer


def request_to_legacy(request: Request) -> Request:
    """For clients that speak as new does (speaks: new), while legacy is asked."""
    return request


def answer_from_legacy(answer: Answer) -> Answer:
    """What legacy has answered, for the same clients."""
    return answer
'''


def starting_file(name: str) -> str:
    """For an adapter of this name."""
    return TEXT.replace("{name}", name)
