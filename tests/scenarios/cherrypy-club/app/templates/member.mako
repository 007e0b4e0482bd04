<%inherit file="base.mako"/>
<%def name="title()">member</%def>
<h1>member</h1>
% for row in rows:
<p>${row|h}</p>
% endfor
