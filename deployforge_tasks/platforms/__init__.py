"""One file per platform: a module here that defines a `Platform` is one; an underscore marks shared parts."""
