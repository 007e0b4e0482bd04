<%inherit file="base.mako"/>
<%def name="title()">help</%def>
<h1>help</h1>
% for row in rows:
<p>${row|h}</p>
% endfor
