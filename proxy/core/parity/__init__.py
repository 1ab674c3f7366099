"""Values in, values out: no clock, dice, log, socket or await may be named in here."""
