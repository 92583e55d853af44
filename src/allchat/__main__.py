"""``python -m allchat`` is the command line."""

from allchat.cli.main import main

if __name__ == "__main__":
    main()
