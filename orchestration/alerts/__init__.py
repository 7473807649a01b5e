"""Alerts: what ops have to look at, found by rules over what the pipeline left behind.

`facts` reads how things stand, `rule` judges it, `memory` keeps the last outcome of each rule and knows what is news,
and `delivery` brings the news to the log, to a webhook and to the mail.
"""
