"""A cart's times while logins are stormed are a ratio, which means nothing while others compute."""

ALONE = True
