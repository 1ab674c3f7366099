"""What everything stands on: keys by which tokens are signed, and the accounts that both sides have from before."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey

from examples.payid.systems.account import COLUMNS, Account
from examples.payid.systems.kept_secrets import digest, made_secret, password_hash
from examples.payid.systems.settings import SHOP_AUDIENCE, SHOP_ISSUER, Settings
from examples.stage.children import Children
from examples.stage.stores import Store

ACCOUNTS = 36
_DAY = 86400
SYSTEMS = Path(__file__).parents[1] / "systems"


def make_keys(folder: Path) -> None:
    """A key of each side's and the shops' own; what may be known of them stands in two key sets."""
    keys = {name: _key(name) for name in ("legacy", "new", "shops")}
    for name, key in keys.items():
        (folder / f"{name}-signs.json").write_text(json.dumps(key.as_dict(private=True)), encoding="ascii")
    for name, known in (("buyers", ("legacy", "new")), ("shops", ("shops",))):
        found = {"keys": [keys[each].as_dict(private=False) for each in known]}
        (folder / f"{name}-jwks.json").write_text(json.dumps(found), encoding="ascii")


def _key(name: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": f"{name}-1", "use": "sig", "alg": "ES256"})


def shop_token(folder: Path) -> str:
    """As the shops' platform gives them."""
    key = ECKey.import_key(json.loads((folder / "shops-signs.json").read_text(encoding="ascii")))
    now = int(time.time())
    claims = {"iss": SHOP_ISSUER, "aud": SHOP_AUDIENCE, "sub": "shop-7", "iat": now, "exp": now + _DAY}
    return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}, claims, key)


def settings_of(ports: list[int], folder: Path, legacy: Store, new: Store) -> Settings:
    """The ports are in the order of `PORTS`."""
    served = dict(zip(PORTS, ports, strict=True))
    return Settings(
        **served,
        legacy_store=legacy.address("wallet"),
        new_store=new.address("service"),
        processor_key=f"sk_{secrets.token_hex(12)}",
        copy_key=secrets.token_hex(16),
        legacy_signs=str(folder / "legacy-signs.json"),
        new_signs=str(folder / "new-signs.json"),
        release=1,
    )


PORTS = ("legacy", "cart", "shop", "app", "login", "office", "processor", "smtp", "mailbox")


async def have_stores(children: Children, legacy: Store, new: Store, passwords: dict[str, str]) -> list[Account]:
    """Filled with the accounts that both sides have from before; `passwords` by mail."""
    await asyncio.gather(*(asyncio.to_thread(store.make) for store in (legacy, new)))
    for store in (legacy, new):
        store.start(children)
    accounts = [_account(at, passwords) for at in range(ACCOUNTS)]
    for store, table in ((legacy, "wallet_users"), (new, "accounts")):
        await store.fill((SYSTEMS / f"{store.name}.sql").read_text(encoding="utf-8"), children)
        connection = await store.connect(children)
        try:
            records = [account.values for account in accounts]
            await connection.copy_records_to_table(table, records=records, columns=COLUMNS)
        finally:
            await connection.close()
    return accounts


def _account(at: int, passwords: dict[str, str]) -> Account:
    """Of a buyer; each lacks something else, and some live where zip codes begin with a zero."""
    mail = f"buyer-{at + 1:02}@mail.example"
    passwords[mail] = made_secret()
    return Account(
        id=f"b{at + 1:04}",
        mail=mail,
        password_hash=password_hash(passwords[mail]),
        name=f"Buyer {at + 1}",
        kana=None if at % 4 == 0 else f"バイヤー{at + 1}",
        phone=None if at % 3 == 0 else f"090-{at:04}-{at * 37 % 10000:04}",
        birthday=None if at % 6 == 0 else f"19{60 + at % 40}-{at % 12 + 1:02}-{at % 28 + 1:02}",
        zip=f"{at % 3:01}{at * 7919 % 1000000:06}",
        prefecture=("Hokkaido", "Tokyo", "Osaka")[at % 3],
        line=f"{at + 1} Chome",
        building=None if at % 5 else f"Building {at}",
        verified=True,
        verification_hash=digest(made_secret()),
    )
