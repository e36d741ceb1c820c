"""Telling people what became of a release: channels, routes and texts. A dead channel never fails or delays one."""
