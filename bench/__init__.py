"""Banyan beside nginx, HAProxy, Caddy, Envoy and Traefik on one core: `python -m bench --help`."""
