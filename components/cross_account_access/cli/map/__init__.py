"""Who may assume what, as a map: a model of it, and one renderer a module.

`model` makes the map from grants, `words` puts conditions into words; `tree`, `mermaid` and `page` render it, the page
with the `picture` that `layout` arranges.
"""
