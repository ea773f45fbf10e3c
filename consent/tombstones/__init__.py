"""Keeps an erased person from coming back, however a row or message names them."""
