"""One file per place: a module here has a `Place`, which counts the project and is not published to."""
