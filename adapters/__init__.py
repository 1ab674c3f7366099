"""What the code of an adapter may import: what it is given, and what it says where it cannot translate.

Files of adapters are named in `routes.yaml` and run in processes of their own; `proxy` never imports them.
"""

from proxy.core.translation.code.adapter_message import AdapterAnswer as Answer
from proxy.core.translation.code.adapter_message import AdapterRequest as Request
from proxy.core.translation.untranslatable import Untranslatable

__all__ = ["Answer", "Request", "Untranslatable"]
