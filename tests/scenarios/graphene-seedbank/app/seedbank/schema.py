# SPDX-License-Identifier: Apache-2.0
"""What can be asked and done. Lines marked HOLE are holes."""
import base64
import json
import pickle
import secrets

import graphene
import taxonames
import yaml

from seedbank import models, partners, storage
from seedbank.models import Session

PAGE = 3


class Upload(graphene.Scalar):
    """A file of a multipart request."""
    serialize = parse_literal = parse_value = staticmethod(
        lambda value: value)


class Test(graphene.ObjectType):
    day = graphene.String()
    sown = graphene.Int()
    germinated = graphene.Int()


class Accession(graphene.ObjectType):
    code = graphene.String()
    taxon = graphene.String()
    grams = graphene.Float()
    collected = graphene.Date()
    tests = graphene.List(Test)


class Page(graphene.ObjectType):
    items = graphene.List(Accession)
    cursor = graphene.String()


def text(**more):
    return graphene.String(required=True, **more)


def gardener(info):
    if not info.context["gardener"]:
        raise PermissionError("who are you?")
    return info.context["gardener"]


def found(code):
    return Session.query(models.Accession).filter_by(code=code).one()


class Query(graphene.ObjectType):
    me = graphene.String()
    accession = graphene.Field(Accession, code=text())
    accessions = graphene.Field(Page, search=graphene.String(),
                                after=graphene.String())
    statistic = graphene.String(code=text(), formula=text())

    def resolve_me(self, info):
        return gardener(info)

    def resolve_accession(self, info, code):
        gardener(info)
        return found(code)

    def resolve_accessions(self, info, search="", after=None):
        gardener(info)
        last = 0
        if after:
            # HOLE: a pickle from outside.
            last, search = pickle.loads(base64.b64decode(after))
        items = Session.query(models.Accession).filter(
            models.Accession.id > last,
            models.Accession.taxon.contains(search)).limit(PAGE).all()
        return Page(items=items, cursor=items and base64.b64encode(
            pickle.dumps((items[-1].id, search))).decode())

    def resolve_statistic(self, info, code, formula):
        gardener(info)
        tests = found(code).tests
        # HOLE: a formula is an expression.
        return str(eval(formula, {
            "sown": sum(test.sown for test in tests),
            "germinated": sum(test.germinated for test in tests)}))


class Mutation(graphene.ObjectType):
    login = graphene.String(name=text(), password=text())
    add_accession = graphene.Field(Accession, code=text(), taxon=text(),
                                   grams=graphene.Float(),
                                   collected=graphene.Date())
    import_passport = graphene.String(url=text())
    import_taxa = graphene.Int(document=text())
    add_photo = graphene.String(code=text(), album=text(),
                                file=Upload(required=True))
    add_test = graphene.Int(code=text(), file=Upload(required=True))
    archive = graphene.String(code=text(), season=text())
    label = graphene.String(code=text(), caption=text(), kind=text(),
                            level=graphene.String())
    export = graphene.String(name=text(), kind=text(),
                             search=graphene.String())
    certificate = graphene.String(code=text(), words=text(),
                                  layout=graphene.String())
    add_partner = graphene.String(name=text(), url=text())
    notify = graphene.Int(code=text(), message=text())

    def resolve_login(self, info, name, password):
        person = Session.get(models.Gardener, name)
        if not person or person.password != models.digest(password, name):
            raise PermissionError("wrong name or password")
        person.token = secrets.token_urlsafe(16)
        Session.commit()
        info.context["log"].info("%s came", name)
        return person.token

    def resolve_add_accession(self, info, code, taxon, **more):
        gardener(info)
        accession = models.Accession(code=code, taxon=taxonames.tidy(taxon),
                                     **more)
        Session.add(accession)
        Session.commit()
        return accession

    def resolve_import_passport(self, info, url):
        gardener(info)
        return partners.passport(url)

    def resolve_import_taxa(self, info, document):
        gardener(info)
        # HOLE: YAML that may name any function.
        taxa = yaml.load(document, Loader=yaml.UnsafeLoader)
        return sum(taxonames.tidy(taxon["name"]) != "" for taxon in taxa)

    def resolve_add_photo(self, info, code, album, file):
        gardener(info)
        return storage.picture(found(code).code, album, file)

    def resolve_add_test(self, info, code, file):
        gardener(info)
        accession = found(code)
        rows = storage.germination(code, file)
        accession.tests += [models.Test(
            day=row["day"], sown=int(row["sown"]),
            germinated=int(row["germinated"])) for row in rows]
        Session.commit()
        return len(rows)

    def resolve_archive(self, info, code, season):
        gardener(info)
        return storage.archive(found(code).code, season)

    def resolve_label(self, info, code, caption, kind, level="M"):
        gardener(info)
        return storage.label(found(code).code, caption, kind, level)

    def resolve_export(self, info, name, kind, search=""):
        rows = [(row.code, row.taxon, row.grams) for row in Session.query(
            models.Accession).filter(models.Accession.taxon.contains(search))]
        return storage.export(gardener(info), name, kind, rows)

    def resolve_certificate(self, info, code, words, layout="plain"):
        return storage.certificate(gardener(info), found(code), words, layout)

    def resolve_add_partner(self, info, name, url):
        gardener(info)
        Session.merge(models.Partner(name=name, url=url))
        Session.commit()
        return name

    def resolve_notify(self, info, code, message):
        everybody = Session.query(models.Partner).all()
        partners.tell(everybody, {"code": found(code).code, "message": message,
                                  "from": gardener(info)})
        return len(everybody)


schema = graphene.Schema(query=Query, mutation=Mutation)


def put_files(operations, places, files):
    """Files of a multipart request, into the variables that wait for them."""
    for key, paths in json.loads(places).items():
        for path in paths:
            *above, last = path.split(".")
            target = operations
            for part in above:
                target = target[part]
            target[last] = files[key]
    return operations
