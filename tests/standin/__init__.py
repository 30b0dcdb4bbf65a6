"""Another stand-in for Twitch and YouTube, written from their documentation alone: it shares nothing with simulator/.

`python -m tests.standin --state DIR` runs it. What it is reached by is in DIR/standin.json, what it saw in
DIR/requests.log, chat.log, videos.json; what nobody should have asked in DIR/unexpected.log. DIR/knobs.json turns it.
"""
