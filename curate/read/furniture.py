"""Recognise the parts of a web page that are not its text (comments, menus, banners) by the names that themes give them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

TAGS = {
    "audio": "media", "button": "controls", "canvas": "media", "datalist": "controls", "dialog": "popup", "embed": "media",
    "head": "markup", "iframe": "embedded", "input": "controls", "map": "media", "nav": "navigation", "noscript": "markup",
    "object": "media", "optgroup": "controls", "option": "controls", "progress": "controls", "script": "markup", "search":
    "navigation", "select": "controls", "style": "markup", "svg": "media", "template": "markup", "textarea": "controls",
    "video": "media",
}  # fmt: skip
"""Elements that never hold the author's text, and why."""

ROLES = {
    "alert": "popup", "alertdialog": "popup", "banner": "site", "complementary": "sidebar", "contentinfo": "site",
    "dialog": "popup", "doc-backlink": "footnotes", "doc-credits": "front_matter", "doc-endnote": "footnotes",
    "doc-endnotes": "footnotes", "doc-footnote": "footnotes", "doc-index": "index", "doc-noteref": "footnotes",
    "doc-pagebreak": "page_numbers", "doc-pagefooter": "page_numbers", "doc-pageheader": "page_numbers", "doc-toc": "contents",
    "form": "controls", "menu": "navigation", "menubar": "navigation", "navigation": "navigation", "search": "navigation",
    "tablist": "controls", "toolbar": "controls", "tooltip": "popup",
}  # fmt: skip
"""Values of `role` (WAI-ARIA and its digital publishing module)."""

EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
EPUB_TYPES = {
    "annoref": "footnotes", "backlink": "footnotes", "colophon": "imprint", "copyright-page": "imprint", "cover": "cover",
    "endnote": "footnotes", "endnotes": "footnotes", "footnote": "footnotes", "footnotes": "footnotes", "fulltitlepage":
    "title_page", "halftitle": "title_page", "halftitlepage": "title_page", "imprint": "imprint", "imprimatur": "imprint",
    "index": "index", "landmarks": "contents", "loa": "contents", "loi": "contents", "lot": "contents", "lov": "contents",
    "noteref": "footnotes", "other-credits": "imprint", "page-list": "contents", "pagebreak": "page_numbers", "rearnote":
    "footnotes", "rearnotes": "footnotes", "seriespage": "title_page", "titlepage": "title_page", "toc": "contents",
}  # fmt: skip
"""Values of `epub:type` (EPUB Structural Semantics Vocabulary) that are apparatus."""

# Each name is a part of a class or an id: a whole word between hyphens ("comment-list" has "comment").
_NAMES = {
    "comments": """comments? commentlist commenters? respond replies disqus discussion webmentions? pingbacks? pinglist
        trackbacks? giscus utterances isso remark42 cusdis commento hyvor livefyre wpdiscuz talkyard graphcomment
        kommentare? commentaires? comentarios? commenti reacties kommentarer""",
    "footnotes": """footnotes? endnotes? noteref fnref footnote-?ref(?:erence)?s? fn-?back(?:ref|link) rearnotes? sidenote
        marginnote reversefootnote reflist easy-footnotes? msofootnotereference msoendnotereference msofootnotetext
        msoendnotetext modern-footnotes-footnote""",
    "related_posts": """related relatedposts jp-relatedposts yarpp outbrain taboola crp-related similar-posts
        read-?(?:more|next) more-?(?:posts|from|stories|articles) recommended recommendations you-may up-next
        (?:recent|latest|popular|trending|featured|top)-(?:posts|articles|stories) post-?(?:card|feed|navigation|nav)
        nav-links prev-?next next-prev pagination pager page-links blog-pager wp-block-(?:query|latest-posts|rss)
        digest-post-embed bookmark-card bookmark-info graf-mixtape-embed asin-details?
        link-to-page link-card link-preview kg-bookmark embedded-(?:post|publication) series-nav""",
    "embedded": """twitter-(?:tweet|embed) tweet instagram-(?:media|embed) bluesky-embed mastodon-(?:embed|post) tiktok-embed
        reddit-(?:embed|card) fb-post wp-block-embed wp-embedded-content kg-embed-card embed-responsive gist-meta
        youtube-wrap spotify-wrap soundcloud-wrap""",
    "share": """share shares sharing sharebar sharethis sharedaddy sd-(?:block|sharing|content|like|title) social socials
        socialmedia addtoany a2a addthis shariff like-?(?:button|box|bar) likes? jp-post-flair heateor essb ssba wpulike
        post-?ufi claps? reactions? follow-?(?:us|me|buttons?)? tweet-button fb-like pin-it kudos upvote post-actions""",
    "subscribe": """subscribe subscription(?:s|widget)? subscribers? newsletters? signup sign-up mailing-?list mailchimp mc4wp
        mc-embed convertkit seva ck-form formkit optin opt-in gh-(?:portal|subscribe|signup) paywall membership kg-signup
        email-form donate donations? patreon ko-?fi buymeacoffee bmc tip-jar support-(?:me|us) call-to-action footer-cta
        captioned-button button-wrapper kg-(?:button|cta|product-button) wp-block-buttons? install-(?:substack-)?app
        post-upgrade jetpack-subscriptions""",
    "cookies": """cookies? cookie-?(?:banner|notice|bar|law|consent) cookiebanner cookieconsent consent gdpr ccpa onetrust
        cc-(?:window|banner) cky cmplz cookiebot cybotcookiebot(?:dialog)? didomi qc-cmp2 privacy-(?:banner|notice|popup)""",
    "contents": r"""toc toc2 table-of-contents tableofcontents ez-toc lwptoc post-toc mso-?toc(?:\d|heading)? tocbot""",
    "navigation": """nav navbar navigation navi breadcrumbs? menu menus menubar submenu skip-?(?:link|to|nav) skiplinks?
        screen-reader-text sr-only visually-hidden visuallyhidden back-?to-?top search-?form searchbox language-switcher
        (?:input|output|in|out)-prompt code-?(?:header|title|filename|lang) codeblock-header
        headerlink anchor-?link heading-?anchor header-?anchor permalink mw-editsection mw-jump-link edit-link zeroclipboard
        copy-?(?:button|btn|code|code-button) clipboard toolbar kg-callout-emoji ^icon$""",
    "site": """site-(?:header|footer|branding|title|description|info|nav) masthead top-?bar page-footer colophon footer
        site-?foot blog-footer""",
    "sidebar": r"""sidebar side-bar rail widgets? widget-area widget-[a-z]+ widgettitle aside-widget""",
    "byline": """(?:entry|post|article|page|blog)-?(?:meta|info|metadata|utility|details) postmeta postmetadata postinfo byline
        bylines posted-(?:on|by|in) (?:post|entry|publish|published|article|pub)-?date post-?(?:time|author|tags|footer|labels)
        entry-(?:footer|author|tags) date-header timestamp reading-?time read-?time time-to-read 
        author-?(?:bio|box|info|card|block|profile|details|avatar|description|name|list) authorbox
        about-(?:the-)?author abh saboxplugin-wrap bio
        tags-?links cat-?links tag-?list tags tagcloud categories taxonomy article-?(?:tag|byline|tags) post-?views view-?count
        js-postmetalockup postmetainline u-author h-card speechify""",
    "ads": """ads? advert advertisement adverts adsbygoogle adsense sponsor sponsored sponsors promo promotion promoted
        wpcnt carbonads ad-?(?:container|wrapper|slot|unit|block) google-ad banner-ad affiliate-disclosure""",
    "popup": """modal popup pop-up overlay lightbox-caption toast offcanvas drawer hello-bar notification-bar""",
    "page_numbers": """running-?head(?:er|ing)?s? folio pagenum pageno page-?number pagebreak page-break-number
        lnum linenum line-?num verse-?num""",
    "gutenberg": """pg-(?:boilerplate|header|footer|machine-header) pgheader pg-start-separator transnote tnote""",
    "figures": r"""lineno linenos
        lnt? hl-ln-n line-?numbers? line-numbers-rows gutter
        rouge-gutter crayon-nums blob-num hljs-ln-numbers
        ln-num code-line-number linenumber linenodiv""",
}  # fmt: skip


def _pattern(names: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(names.split())})(?![a-z0-9])")


_PATTERNS = [(reason, _pattern(names)) for reason, names in _NAMES.items()]
_BETWEEN_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|[_:.]+|-{2,}")
_STATE = re.compile(
    r"(?:^|-)(?:has|with|without|no|show|hide|open|closed|enabled|disabled|active|on|off|left|right|style|layout)(?:-|$)"
)
"""A name that describes the page ("has-sidebar", "comments-open") and not the element that has it."""
_NOT_FURNITURE = re.compile(
    r"^(?:code-toolbar|elementor(?:-widget.*|-element.*)?|ctxt-?menu.*|math-?jax.*|mjx.*|(?:hljs|token|cm|pl)-?.*|wp-block-(?:group|columns?|post-content)|.*-?content-?(?:area|wrap(?:per)?)"
    r"|menu-item-object.*|post-\d+|category-.*|tag-.*|type-.*|format-.*|status-.*)$"
)


BYLINES = frozenset({"author", "date", "dateline", "email", "entry-date", "meta", "posted", "pubdate", "published", "revdate"})
"""Classes of a short block that is a byline; words within a paragraph may have them, too."""
IN_BOOKS = {"footnotes", "page_numbers", "gutenberg", "contents"}
"""Reasons that also apply in books, which have no comments and no buttons."""


def hyphened(names: str) -> str:
    """Names in small letters with hyphens between their words: `postContent__body` is `post-content-body`."""
    return _BETWEEN_WORDS.sub("-", names).lower()


def hyphened_names(element: Any) -> str:
    """The classes and the id of an element, with hyphens between their words."""
    return hyphened(f"{element.get('class') or ''} {element.get('id') or ''}".strip())


@lru_cache(maxsize=20_000)
def reason_in(names: str) -> str:
    """Why an element with these names (its classes and its id) is not text; "" if they give no reason."""
    for name in names.split():
        words = hyphened(name)
        if _NOT_FURNITURE.match(words) or _STATE.search(words):
            continue
        for reason, pattern in _PATTERNS:
            if pattern.search(words):
                return reason
    return ""
