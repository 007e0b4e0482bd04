<html><head><title>${self.title()}</title></head><body>${self.body()}<hr>${user or 'nobody'}</body></html>
<%def name="title()">Club</%def>
