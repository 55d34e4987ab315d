"""`python -m rrg`: the command line. Knows nothing else."""

from rrg.cli import main

if __name__ == "__main__":
    main()
