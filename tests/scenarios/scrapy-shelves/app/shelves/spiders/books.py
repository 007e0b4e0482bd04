"""Books of a site, page by page."""
import scrapy

from shelves.sites import Site


class Books(scrapy.Spider):
    name = "books"

    def __init__(self, site, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.site = Site(site)
        self.items = []
        self.state = {}
        self.start_urls = [self.site.start]

    def parse(self, response):
        """HOLE: a page may lead anywhere."""
        self.state["pages"] = self.state.get("pages", 0) + 1
        yield from response.follow_all(
            response.css(self.site.book).getall(), self.parse_book)
        for href in response.css("a.next::attr(href)").getall():
            yield response.follow(href, self.parse)

    def parse_book(self, response):
        # Old sites answer with what is no page.
        response = response if hasattr(response, "css") else (
            scrapy.http.TextResponse(response.url, body=response.body,
                                     encoding="utf-8"))
        page = response.css
        yield {"url": response.url,
               "title": (page(self.site.title).get()
                         or response.text[:200]).strip(),
               "amount": page(".price::text").get("0"),
               "about": " ".join(page("p::text").getall()),
               "file_urls": [response.urljoin(href) for href in page(
                   "a.scan::attr(href)").getall()]}
