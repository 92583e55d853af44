"""Start the page: ``python app.py`` is ``allchat serve``."""

from allchat.cli.main import main

if __name__ == "__main__":
    main(["serve"])
