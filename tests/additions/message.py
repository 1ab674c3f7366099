"""A message of the link: control tells every worker a note, and each writes it into its log."""

from __future__ import annotations

from tests.additions.addition import Addition, Edit

_MESSAGES, _LINKS = "proxy/link/messages.py", "proxy/control/fleet/links.py"
_WORKER, _COMPARER = "proxy/app/worker.py", "proxy/comparer/process.py"
_STRUCT = '''
class Note(msgspec.Struct, frozen=True, tag="note"):
    """Control to worker: write this into the log."""

    text: str


'''
_TELL = '''    def note(self, text: str) -> None:
        """Give every worker that reads a note for its log."""
        for link in tuple(self._links):
            link.mention(frame(Note(text)))

'''
_IMPORT, _IMPORTS = "from proxy.link.messages import Note\n", "from proxy.link.messages import"
_HEARD = """            case Note():
                _log.info("note", text=message.text)
"""
_PASSED = """            case Note():
                pass  # a word for workers
"""

MESSAGE = Addition(
    name="a message of the link",
    earlier=4,
    edits=(
        Edit(_MESSAGES, _STRUCT, before="ToWorker = "),
        Edit(_MESSAGES, "ToWorker |= Note\n", after="ToWorker = "),
        Edit(_MESSAGES, "ToComparer |= Note\n", after="ToComparer = "),
        Edit(_LINKS, _IMPORT, before=_IMPORTS),
        Edit(_LINKS, _TELL, before="    async def refresh("),
        Edit(_WORKER, _IMPORT, before=_IMPORTS),
        Edit(_WORKER, _HEARD, before="            case Orders():"),
        Edit(_COMPARER, _IMPORT, before=_IMPORTS),
        Edit(_COMPARER, _PASSED, before="            case Noise():"),
    ),
)
