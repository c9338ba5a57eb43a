"""`python -m item2vec`, as the containers and the service's own processes start it."""

import sys

from cli.main import main

sys.exit(main())
