"""The command `map`: who may assume what, by the grants of one or more stacks.

`map_builder` makes an `access_map`; `tree`, `mermaid`, `page` and `map_json` render it, the page
with its `picture`.
"""
