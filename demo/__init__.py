"""A page to try a trained run on, in the browser, on this machine: docs/demo.md.

`python -m demo` needs requirements/demo.txt beside affectjax: Gradio. It lies beside the core, not
in it, since its example films are made by a builder, and the core imports none.
"""
