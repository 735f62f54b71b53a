"""Witnesses of the mathematics that share no code: closed forms, certified quadrature, calibrated sampling."""
