"""One file per protocol; a module here that defines a `StandIn` is found by scanning the folder."""
