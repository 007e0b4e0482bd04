<%inherit file="base.mako"/>
<%def name="title()">error</%def>
<h1>error</h1>
% for row in rows:
<p>${row|h}</p>
% endfor
