"""The proxies that are compared, one file each."""

from __future__ import annotations

from bench.peers import banyan, caddy, envoy, haproxy, nginx, traefik
from bench.peers.peer import Peer

PEERS: tuple[Peer, ...] = (banyan.PEER, nginx.PEER, haproxy.PEER, caddy.PEER, envoy.PEER, traefik.PEER)
VARIANTS: tuple[Peer, ...] = (banyan.SWITCHED,)
"""Measured only where they are named."""
