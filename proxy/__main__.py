"""`python -m proxy` is `banyan`."""

from proxy.cli.main import main

if __name__ == "__main__":
    main()
