"""Benching on other machines by OpenSSH."""
