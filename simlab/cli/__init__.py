"""The command line. A new command is a new file with a function `add(commands)`, named in `main.FILES`."""
