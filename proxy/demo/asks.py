"""What the demo's clients ask for, and what each answer must be.

Rule 1: every answer is looked at: its status, its contents, and whatever this office ever wrote to that customer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from proxy.demo.seed import customers_of, office_name

Record = dict[str, object]
_KEPT = 20_000
"""Customers whose written fields are remembered; the oldest are forgotten first."""
_LISTS = {"customers.search": "customers", "customers.appointments": "appointments"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request and what its answer must be: a status, and these fields in the record."""

    route: str
    method: str
    path: str
    body: Record | None = None
    status: int = 200
    holds: Record

    def fault_in(self, record: Record) -> str:
        """What in the answer is not as it must be; empty when nothing."""
        wrong = {name: record.get(name) for name, value in self.holds.items() if record.get(name) != value}
        if wrong:
            right = {name: self.holds[name] for name in wrong}
            return f"{self.method} {self.path} should hold {right}, holds {wrong}"
        listed = _LISTS.get(self.route)
        if listed and not isinstance(record.get(listed), list):
            return f"{self.method} {self.path} has no list {listed!r}"
        return ""


class Written:
    """What was written and confirmed: the last value of each field of each customer."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._fields: dict[tuple[str, int], Record] = {}
        self.newest: dict[str, int] = {}

    def keep(self, office: str, customer: int, fields: Record) -> None:
        """These fields were confirmed; `newest` is the office's last written customer."""
        self._fields.setdefault((office, customer), {}).update(fields)
        self.newest[office] = customer
        if len(self._fields) > _KEPT:
            del self._fields[next(iter(self._fields))]

    def show(self, office: str, customer: int) -> Ask:
        """Read one customer, which must hold what was written."""
        holds = {"id": customer, **self._fields.get((office, customer), {})}
        return Ask(route="customers.show", method="GET", path=f"/customers/{customer}", holds=holds)

    def show_all(self) -> list[tuple[str, Ask]]:
        """Every customer that was written, by office."""
        return [(office, self.show(office, customer)) for office, customer in self._fields]


def visit(number: int, turn: int, written: Written) -> Iterator[Ask]:
    """What one office asks this time; each ask is made when the one before is answered."""
    office, customers = office_name(number), customers_of(number)
    customer = customers[turn % len(customers)]
    yield written.show(office, customer)
    match turn % 16:
        case 0 | 4 | 8 | 12:
            yield Ask(route="customers.search", method="GET", path="/customers?name=%26", holds={})
        case 1 | 5 | 9 | 13:
            yield Ask(
                route="customers.appointments", method="GET", path=f"/customers/{customer}/appointments", holds={}
            )
        case 2 | 6 | 10:
            yield _change(customer, {"note": f"called back, visit {turn} & <counting>"})
            yield written.show(office, customer)
        case 14:
            yield _book(f"山本 No. {turn}")
            yield written.show(office, written.newest.get(office, customer))
        case _:
            pass


def _change(customer: int, fields: Record) -> Ask:
    holds = {"id": customer, **fields}
    return Ask(route="customers.update", method="PATCH", path=f"/customers/{customer}", body=fields, holds=holds)


def _book(name: str) -> Ask:
    fields: Record = {"name": name, "phone": None}
    return Ask(route="customers.create", method="POST", path="/customers", body=fields, status=201, holds=fields)
