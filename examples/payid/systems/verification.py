"""The verification mail: sent when an account was committed, by the side that answered for it, and by no other."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

from examples.payid.systems.settings import API_HOST, Settings


def send_verification(where: Settings, to: str, token: str) -> None:
    """Blocks until the mail server has it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "no-reply@payid.example", to, "Is this your address?"
    mail.set_content(f"Yes: https://{API_HOST}/verify?token={token}\n")
    with smtplib.SMTP("127.0.0.1", where.smtp, timeout=10) as server:
        server.send_message(mail)
