# SPDX-License-Identifier: Apache-2.0
"""Who has seen which bird where, with photos."""
import logging
import logging.handlers

from beaker.middleware import SessionMiddleware
from pyramid.authentication import AuthTktCookieHelper
from pyramid.config import Configurator

from birds import models, settings


class Policy:
    """Who is there stands in a signed cookie."""

    def __init__(self, secret):
        self.helper = AuthTktCookieHelper(secret, hashalg="sha512")

    def identity(self, request):
        return self.helper.identify(request)

    def authenticated_userid(self, request):
        found = self.identity(request)
        return found["userid"] if found else None

    def permits(self, request, context, permission):
        return bool(self.authenticated_userid(request))

    def remember(self, request, userid, **options):
        return self.helper.remember(request, userid, **options)

    def forget(self, request, **options):
        return self.helper.forget(request, **options)


def log():
    handler = logging.handlers.RotatingFileHandler(
        "var/log/birds.log", maxBytes=6000, backupCount=3)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("birds")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def make():
    log()
    conf = settings.read()
    models.connect(conf["database"])
    config = Configurator(settings={"pyramid.includes": "pyramid_chameleon",
                                    **conf})
    config.set_security_policy(Policy(settings.secrets()["cookie"]))
    config.add_static_view("static", "birds:static")
    for name, path in (
            ("home", "/"), ("login", "/login"), ("logout", "/logout"),
            ("sightings", "/sightings"), ("photos", "/photos/{id}"),
            ("thumb", "/thumbs/{id}"), ("report", "/report/{year}.{kind}"),
            ("album", "/album/{id}"), ("label", "/label"),
            ("notes", "/notes"), ("checklist", "/checklist"),
            ("average", "/average"), ("export", "/export/{format}")):
        config.add_route(name, path)
    config.scan("birds.views")
    return SessionMiddleware(config.make_wsgi_app(), {
        "session.type": "file", "session.data_dir": conf["sessions"],
        "session.key": "birds", "session.auto": True})
