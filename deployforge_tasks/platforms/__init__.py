"""One file per platform. A module here that defines a `Platform` is a platform; names with an underscore are shared parts."""
