"""`python -m toolreel` is the program `toolreel`."""

from toolreel.commands.cli import main

if __name__ == "__main__":
    main()
