"""TLS contexts out of files: of the listener in workers, of upstreams in workers and control, judged by `check`."""
