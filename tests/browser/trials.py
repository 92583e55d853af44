"""What the page is tried with: sizes of windows, and texts that are scripts."""

from __future__ import annotations

SIZES = {"wide": (1280, 800), "tablet": (820, 1180), "phone": (390, 844)}
WAYS = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]

SCRIPTS = [
    "<script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 1'>",
    "<svg onload=window.broken=1>",
    "<svg><script>window.broken=1</script></svg>",
    '"><script>window.broken=1</script>',
    "'><img src=x onerror=window.broken=1>",
    "[a](javascript:window.broken=1)",
    '![x](x"onerror="window.broken=1)',
    "<a href='javascript:window.broken=1'>signs</a>",
    "<iframe srcdoc='<script>parent.broken=1</script>'></iframe>",
    "<details open ontoggle=window.broken=1>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.broken=1>",
    "${window.broken = 1}",
    "{{constructor.constructor('window.broken = 1')()}}",
    "</textarea><script>window.broken=1</script>",
    "`<img src=x onerror=window.broken=1>`",
]
