<%inherit file="base.mako"/>
<%def name="title()">gallery</%def>
<h1>gallery</h1>
% for row in rows:
<p>${row|h}</p>
% endfor
