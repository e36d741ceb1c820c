"""Files with days and countries that somebody exported where a platform's downloads are logged."""
