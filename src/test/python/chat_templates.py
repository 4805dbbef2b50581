#!/usr/bin/env python3
"""Chats in chat templates, as transformers renders and tokenises them.

usage: chat_templates.py FOLDER     for src/test/resources/golden/chat, with transformers 5.24

A folder for each template holds a tiny tokenizer whose tokenizer_config.json has the template, and expected.json: for each question and
answer the text and ids of apply_chat_template for the question alone (add_generation_prompt) and for both, up to the end of the answer
(continue_final_message). The templates are our own, not copies: they use the constructs of those of the models that they are named
after, with other names, texts and order, and put the same markers around question and answer. constructs.json has small templates, each
with one construct of Jinja: those that have to be rendered as here, and those that have to be refused or rendered as here. The day is the 26th of July 2024.
"""
import datetime
import json
import pathlib
import random
import re
import shutil
import sys

from transformers import AutoTokenizer
from transformers.utils import chat_template_utils

from tokenizer_configs import added, byte_level, llama


class Day(datetime.datetime):
    @classmethod
    def now(cls):
        return cls(2024, 7, 26)


chat_template_utils.datetime = Day

TEMPLATES = {
    # a default system message
    "smollm2": ("""{% for turn in messages %}{% if loop.first %}{% if turn['role'] != 'system' %}{{ '<|im_start|>system
Tiny answers questions<|im_end|>
' }}{% endif %}{% endif %}{{ '<|im_start|>' }}{{ turn['role'] + '
' + turn['content'] }}{{ '<|im_end|>
' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>' + 'assistant
' }}{% endif %}""", "chatml"),
    "chatml": ("""{% for turn in messages %}{{ '<|im_start|>' }}{{ turn['role'] + '\\n' }}{{ turn['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>' + 'assistant' + '\\n' }}{% endif %}""", "chatml"),
    # tools, which are never given, blocks on lines of their own and all kinds of whitespace control
    "qwen2.5": ("""{%- if tools %}
    {{- "<|im_start|>system\\n" + "You may call:\\n" }}
    {%- for one in tools %}
        {{- one | tojson }}
        {{- '\\n' }}
    {%- endfor %}
    {{- "Answer with {\\"call\\": <name>}<|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] != 'system' %}
        {{- '<|im_start|>system\\n' + 'You are Tiny.' + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for turn in messages %}
    {%- if turn.role == "assistant" and turn.tool_calls %}
        {{- '<|im_start|>assistant' }}
        {%- for call in turn.tool_calls %}
            {{- '\\n' }}
            {{- call.arguments | tojson }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif (turn.role == "assistant" and not turn.tool_calls) or (turn.role == "system" and not (tools and loop.first)) or (turn.role == "user") %}
        {{- '<|im_start|>' + turn.role }}
        {{- '\\n' + turn.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>' + 'assistant\\n' }}
{%- endif %}
""", "chatml"),
    # slices, roles that alternate, a space before the answer
    "llama2": ("""{% set system = false %}{% set turns = messages %}{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}{% set turns = messages[1:] %}{% endif %}{% for turn in turns %}{% if (loop.index0 % 2 == 1) != (turn['role'] == 'assistant') %}{{ raise_exception('Questions and answers have to take turns') }}{% endif %}{% if turn['role'] == 'assistant' %}{{ ' '  + turn['content'].strip() }}{{ ' ' + eos_token }}{% elif turn['role'] == 'user' %}{% if system != false and loop.index0 == 0 %}{% set asked = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + turn['content'] %}{% else %}{% set asked = turn['content'] %}{% endif %}{{ bos_token + '[INST] ' }}{{ asked.strip() + ' [/INST]' }}{% endif %}{% endfor %}""", "llama"),
    # the date, tests of what is defined
    "llama3": ("""{#- Which day it is #}
{%- if not today is defined %}
    {%- set today = "26 Jul 2024" %}
    {%- if strftime_now is defined %}
        {%- set today = strftime_now("%d %b %Y") %}
    {%- endif %}
{%- endif %}

{#- What may be called #}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- if more_tools is defined %}
    {%- set tools = more_tools %}
{%- endif %}
{%- set before = "" %}
{%- if messages[0]['role'] == 'system' %}
    {%- set before = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- endif %}
{{- bos_token + "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today: " + today + "\\n\\n" + before }}
{%- if tools is not none %}
    {{- "\\nYou may call:\\n" }}
{%- endif %}
{%- if not tools is none and list_tools %}
    {%- for one in tools %}
        {{- one | tojson(indent=4) }}
    {%- endfor %}
{%- endif %}
{{- "<|eot_id|>" }}
{%- for turn in messages %}
    {%- if 'tool_calls' in turn %}
        {{- raise_exception("Tiny calls nothing") }}
    {%- elif not (turn.role == 'tool' or turn.role == 'ipython') %}
        {{- '<|start_header_id|>' + turn['role'] }}
        {{- '<|end_header_id|>\\n\\n'+ turn['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>' + 'assistant' + '<|end_header_id|>\\n\\n' }}
{%- endif %}
""", "llama3"),
    "mistral": ("""{{ bos_token }}{% for turn in messages %}{% if turn['role'] == 'assistant' %}{{ turn['content'] + eos_token}}{% elif turn['role'] == 'user' %}{{ '[INST] ' }}{{ turn['content'] + ' [/INST]' }}{% else %}{{ raise_exception('Neither a question nor an answer') }}{% endif %}{% if (loop.index0 % 2 == 1) != (turn['role'] == 'assistant') %}{{ raise_exception('Questions and answers have to take turns') }}{% endif %}{% endfor %}""", "llama"),
    # filters over messages, and a namespace
    "mistral-nemo": ("""{{- bos_token }}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set turns = messages %}
{%- if messages[0]["role"] == "system" %}
    {%- set turns = messages[1:] %}
    {%- set before = messages[0]["content"] + "\\n\\n" %}
{%- endif %}
{%- set asked = turns | selectattr("role", "equalto", "user") | list %}
{%- set seen = namespace() %}
{%- set seen.turns = 0 %}
{%- for turn in turns %}
    {%- if not ((turn.tool_calls is defined and turn.tool_calls is not none) or turn.role == "tool") %}
        {%- set seen.turns = seen.turns + 1 %}
        {%- if (turn["role"] == "user") != (seen.turns % 2 == 1) %}
            {{- raise_exception("Questions and answers have to take turns") }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- for turn in turns %}
    {%- if turn["role"] == "assistant" %}
        {{- turn["content"] + eos_token}}
    {%- elif turn["role"] == "user" %}
        {%- if (turn == asked[-1]) and tools is not none %}
            {{- "[AVAILABLE_TOOLS]" }}
        {%- endif %}
        {{- "[INST]" }}
        {%- if before is defined and loop.last %}
            {{- before }}
        {%- endif %}
        {{- turn["content"] + "[/INST]" }}
    {%- endif %}
{%- endfor %}
""", "llama"),
    "gemma": ("""{% for turn in messages %}{% if loop.first %}{% if turn['role'] == 'system' %}{{ raise_exception('Tiny takes no system message') }}{% endif %}{{ bos_token }}{% endif %}{% if (turn['role'] != 'assistant') %}{% set name = turn['role'] %}{% else %}{% set name = 'model' %}{% endif %}{{ '<start_of_turn>' + name }}{{ '\\n' + turn['content'] | trim + '<end_of_turn>' }}{% if (name == 'model') != (loop.index0 % 2 == 1) %}{{ raise_exception('Questions and answers have to take turns') }}{% endif %}{{ '\\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>' + 'model' + '\\n'}}{% endif %}""", "gemma"),
    "phi3": ("""{% for turn in messages %}{% if turn['role'] == 'user' %}{{'<|user|>'}}{% elif turn['role'] == 'assistant' %}{{'<|assistant|>'}}{% elif turn['role'] == 'system' %}{{'<|system|>'}}{% endif %}{{ '\\n' + turn['content'] }}{{'<|end|>\\n'}}{% endfor %}{% if not add_generation_prompt %}{{ eos_token }}{% else %}{{ '<|assistant|>' + '\\n' }}{% endif %}""", "phi3"),
    # lines that are text
    "zephyr": ("""{% for turn in messages %}
{% if turn['role'] == 'assistant' %}
{% generation %}{{ '<|assistant|>\\n' }}{{ turn['content']  + eos_token }}{% endgeneration %}
{% elif turn['role'] == 'user' %}
{{ '<|user|>' + '\\n' + turn['content'] }}{{ eos_token }}
{% endif %}
{% if add_generation_prompt and loop.last %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""", "phi3"),
}

CHATS = [("the cat", "the cat"), ("  the cat\n\nthe ", "cat"), ("{{ bos_token }} {% if x %} {# the #} 'cat' \"the\" \\n é", "1"), ("cat", "the cat\nthe")]

# Templates that have to be rendered.
SAME = [
    "a{% if true %}\nb{% endif %}\nc", "  {% if true %}\n  b\n  {% endif %}\n  c\n", "a {%- if true -%}  b  {%- endif %} c", "a {{- 'b' -}} c",
    "a {# no #}\nb", "  {# no #}  \nb", "a {#- no -#} b", "{{ 'a' }}\nb\n", "a\n", "a\n\n", "\n{% set x = 'b' %}\n{{ x }}",
    "{{ bos_token ~ 'a' ~ 1 }}", "{{ messages|length }}", "{{ messages | length - 1 }}", "{{ messages[-1].content }}",
    "{{ messages[-1]['content'] | trim }}", "{{ messages[0:1] | length }}", "{{ messages[1:][0].role }}", "{{ messages[:1][0].role }}",
    "{% for m in messages[1:] %}{{ m.role }}{% endfor %}", "{% for m in messages %}{% if not loop.last %}{{ m.role }}, {% endif %}{% endfor %}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
    "{% if not messages[0]['role'] is string %}a{% else %}b{% endif %}", "{{ 7 % 4 }}", "{{ 2 - 1 }}", "{{ 'a' if messages else 'b' }}",
    "{{ 'a' if x else 'b' }}", "{{ 'a' + ('b' if true else 'c') }}", "{{ '\\n' }}{{ \"\\t\" }}{{ 'it\\'s' }}{{ \"\\\"\" }}{{ 'a\\\\b' }}",
    "{{ 'a\nb' }}", "{{ messages[1].content.strip() }}", "{{ messages[1]['content'].strip() + '.' }}", "{{ 'a-b'.replace('-', '+') }}",
    "{{ 'a' | upper }}{{ 'B' | lower }}", "{{ messages[1].content | trim | upper }}", "{{ ['a', 'b'] | join(', ') }}", "{{ x | default('y') }}",
    "{{ 'a' | default('y') }}", "{% if x %}a{% elif bos_token %}b{% else %}c{% endif %}", "{% if '' %}a{% else %}b{% endif %}",
    "{% if [] %}a{% else %}b{% endif %}", "{% if 0 %}a{% else %}b{% endif %}", "{% if messages[0].tool_calls %}a{% else %}b{% endif %}",
    "{{ strftime_now('%d %b %Y') }}", "{{ strftime_now(\"%Y-%m-%d\") }}", "{% if strftime_now is defined %}a{% endif %}",
    "{{ raise_exception('no') if false else 'a' }}", "{% if false %}{{ raise_exception('no') }}{% endif %}a",
    "{% for i in range(3) %}{{ i }}{% endfor %}", "{% if messages | length > 1 %}a{% endif %}",
    "{% if (messages|length) == 2 and messages[0].role == 'user' %}a{% endif %}", "{% if false %}{{ tools | tojson(indent=4) }}{% endif %}a",
    "{% generation %}a{% endgeneration %}", "a\n{%- generation -%}\n b {% endgeneration %}", "a  \n  {{ 'b' }}\n  c",
    "{% set x = messages %}{{ x[0].role }}", "{% set x = [] %}{{ x | length }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
    "{{ (messages | selectattr('role', 'equalto', 'user') | list)[-1].content }}",
    "{{ (messages | rejectattr('role', 'equalto', 'user') | list)[0].role }}", "{% macro f(a) %}[{{ a }}]{% endmacro %}{{ f('b') }}",
    "{%- macro f(a) -%}\n  [{{ a }}]\n{%- endmacro -%}\n{{ f('b') }}{{ f(1) }}", "a{{ eos_token -}}\n   b", "\t{% if true %}a\n\t{% endif %}",
    "a{%if true%}b{%endif%}", "{{bos_token}}", "{{ 'a'~'b' }}", "{{ -1 + 2 }}", "a\r\n{% if true %}\r\nb\r\n{% endif %}\r\nc", "a }} b",
    "a % } # } { b", "{{ {'a': 1}['a'] }}",
    "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ 'F' if loop.first else 'f' }}{{ 'L' if loop.last else 'l' }}{{ loop.length }}{% endfor %}",
]

# Conditions that have to be decided.
CONDITIONS = [
    "tools is defined", "x is defined", "x is not defined", "not x is defined", "not messages is defined", "not x is defined and true",
    "not messages[0].role is defined", "x is none", "none is none", "messages[0].content is string", "messages is string", "messages[0] is mapping",
    "messages is iterable", "'user' in messages[0].role", "'role' in messages[0]", "'tool_calls' not in messages[0]", "'a' in ['a', 'b']",
    "'b' not in ['a', 'c']", "1 == 1 and 2 != 3", "true or false and false", "not true or true", "not (true and false)", "(1 == 2) != (3 == 3)",
    "3 % 2 == 1", "1 < 2", "2 <= 2", "3 > 4", "4 >= 4", "messages[0] == messages[0]", "messages[0] == messages[1]",
]

# Templates that have to be rendered, or refused.
OTHER = [
    "{% if true +%}\nb{% endif %}", "  {%+ if true %}b{% endif %}", "{{ '\\x41' }}", "{{ '\\u0041' }}", "{{ 1 / 2 }}", "{{ 7 // 2 }}", "{{ 2 ** 3 }}",
    "{{ -7 % 4 }}", "{{ 1.0 }}", "{{ messages[::-1][0].role }}", "{{ 'abc'[1] }}", "{{ 'abc'[1:] }}", "{{ 'a,b,,'.split(',') | length }}",
    "{{ 'a.b'.split('.')[0] }}", "{{ ' a'.lstrip() }}", "{{ 'a'.startswith('a') }}", "{{ 'a b'.title() }}", "{{ 'a'.upper() }}",
    "{{ 'xax'.strip('x') }}", "{{ ['a'] }}", "{{ messages }}", "{{ messages[0] }}", "{{ messages | tojson }}", "{{ 'a' | tojson }}",
    "{% raw %}{{ a }}{% endraw %}", "{% filter upper %}a{% endfilter %}", "{% call f() %}a{% endcall %}", "{% set x %}a{% endset %}{{ x }}",
    "{% for m in messages if m.role == 'user' %}{{ m.role }}{% endfor %}", "{% for m in messages %}{{ loop.previtem }}{% endfor %}",
    "{% for m in messages %}{{ m.role }}{% break %}{% endfor %}", "{% for m in messages %}{% continue %}{{ m.role }}{% endfor %}",
    "{% for t in tools %}a{% endfor %}", "{% for t in x %}a{% endfor %}b", "{{ tools }}", "{{ x.y }}", "{{ x.y.z }}", "{{ x['y'] }}", "{{ x + 'a' }}",
    "{{ none + 'a' }}", "{{ 'a' + 1 }}", "{{ 1 + 'a' }}", "{{ messages[5] }}", "{{ messages[5].role }}", "{{ not 'a' in 'abc' }}", "{{ not 1 == 2 }}",
    "{{ 1 < 2 < 3 }}", "{{ 1 == 1.0 }}", "{{ true + 1 }}", "{{ 'a' * 3 }}", "{{ [1, 2] + [3] }}", "{{ ('a', 'b') | length }}",
    "{{ messages[0].items() | list | length }}", "{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}",
    "{{ messages[0] | items | list | length }}", "{{ loop }}", "{{ range(3) | list }}", "{{ 'ß' | upper }}", "{{ 'a' | title }}",
    "{{ 'ab' | capitalize }}", "{{ 3 is odd }}", "{{ true is true }}", "{{ x is false }}", "{{ messages is sequence }}", "{{ 1 is number }}",
    "{{ true is boolean }}", "{{ 1 is integer }}", "{{ 'b' is in 'abc' }}", "{{ [3, 1] | sort | first }}", "{{ [1, 1] | unique | list | length }}",
    "{{ [1, 2] | sum }}", "{{ '5' | int + 1 }}", "{{ 5 | string + 'a' }}", "{{ 'abc' | replace('b', 'x') }}",
    "{{ messages | map(attribute='role') | join(',') }}", "{% set a, b = 1, 2 %}{{ a }}", "{% set x = {'a': 1} %}{{ x.a }}",
    "{% do messages.append(1) %}", "{% with x = 1 %}{{ x }}{% endwith %}", "{% include 'a' %}", "{% import 'a' as b %}", "{% extends 'a' %}",
    "{% block a %}b{% endblock %}", "{{ self }}", "{{ super() }}", "{{ lipsum() }}", "{{ cycler('a').next() }}", "{{ dict(a=1).a }}",
    "{{ namespace }}", "{{ messages.__class__ }}", "{{ ''.__class__.__mro__ }}", "{{ messages.append(1) }}", "{{ strftime_now('%H:%M') }}",
    "{{ strftime_now('%A') }}", "{{ raise_exception('no') }}", "{{ f() }}",
    "{% macro f(a, b='c') %}{{ a }}{{ b }}{% endmacro %}{{ f('x') }}{{ f('x', b='y') }}",
    "{% macro f(a) %}{{ a.role }}{% endmacro %}{% for m in messages %}{{ f(m) }}{% endfor %}", "{{ 'a' if true else }}", "{{ }}",
    "{% if %}a{% endif %}", "{% for %}", "{% if true %}a", "{{ 'a", "{{ a b }}", "{% unknown %}", "{# a", "{% if true %}a{% endfor %}",
    "{% set x = true %}{% if x is true %}a{% endif %}", "{{ x | default('y', true) }}", "{{ '' | default('y', true) }}", "{{ none | default('y') }}",
    "{{ ['b', 'a'] | join }}", "{{ 'abc' | first }}", "{{ 'abc' | length }}", "{{ none | length }}", "{{ x | length }}", "{{ x | trim }}",
    "{{ 1 | trim }}", "{{ none | trim }}", "{{ x | upper }}", "{{ [] | first }}a", "{{ range(1, 3) | join(',') }}", "{{ range(5)[1] }}",
    "{{ messages[0].role.strip }}", "{{ 'a'.replace('a') }}", "{{ 'aaa'.replace('a', 'b', 1) }}", "{{ messages[0].get('x', 'y') }}",
    "{{ x is string }}", "{{ none is defined }}", "{{ none is undefined }}", "{{ tools is none }}", "{{ tools is not none }}", "{{ tools == none }}",
    "{{ x == none }}", "{{ none == false }}", "{{ '' == false }}", "{{ 0 == false }}", "{{ 1 == true }}", "{{ 'a' < 'b' }}", "{{ '10' < '9' }}",
    "{{ true and 'a' }}", "{{ '' or 'b' }}", "{{ x or 'b' }}", "{{ 'a' and 'b' or 'c' }}", "{{ 1 and 2 }}", "{{ 'a' + 'b' * 2 }}", "{{ 1 + 2 * 3 }}",
    "{% for m in messages %}{% set x = m.role %}{% endfor %}{{ x }}", "{% set ns = namespace(a='b', c=false) %}{{ ns.a }}{{ ns.c }}",
    "{{ 'a' if false }}", "{{ '{{' }}{{ '%}' }}", "{{ ['a', 'b'] | first }}{{ ['a', 'b'] | last }}", "{{ true }}{{ false }}{{ none }}", "{{ x }}",
    "{{ messages[0].name }}a", "{% for m in messages %}{{ m['content'] }}{% else %}no{% endfor %}", "{% for m in [] %}a{% else %}b{% endfor %}",
    "{{ messages[0].get('role') }}", "{{ messages[0].get('x') }}a", "{% if not 'a' in 'abc' %}a{% else %}b{% endif %}",
    "{% if not 1 == 2 %}a{% else %}b{% endif %}", "{% if 1 < 2 < 3 %}a{% else %}b{% endif %}", "{% if 1 == 1.0 %}a{% else %}b{% endif %}",
    "{% if 3 is odd %}a{% else %}b{% endif %}", "{% if true is true %}a{% else %}b{% endif %}", "{% if x is false %}a{% else %}b{% endif %}",
    "{% if messages is sequence %}a{% else %}b{% endif %}", "{% if 1 is number %}a{% else %}b{% endif %}",
    "{% if true is boolean %}a{% else %}b{% endif %}", "{% if 1 is integer %}a{% else %}b{% endif %}",
    "{% if 'b' is in 'abc' %}a{% else %}b{% endif %}", "{% if x is string %}a{% else %}b{% endif %}",
    "{% if none is defined %}a{% else %}b{% endif %}", "{% if none is undefined %}a{% else %}b{% endif %}",
    "{% if tools is none %}a{% else %}b{% endif %}", "{% if tools is not none %}a{% else %}b{% endif %}",
    "{% if tools == none %}a{% else %}b{% endif %}", "{% if x == none %}a{% else %}b{% endif %}", "{% if none == false %}a{% else %}b{% endif %}",
    "{% if '' == false %}a{% else %}b{% endif %}", "{% if 0 == false %}a{% else %}b{% endif %}", "{% if 1 == true %}a{% else %}b{% endif %}",
    "{% if 'a' < 'b' %}a{% else %}b{% endif %}", "{% if '10' < '9' %}a{% else %}b{% endif %}", "{% if true and 'a' %}a{% else %}b{% endif %}",
    "{% if '' or 'b' %}a{% else %}b{% endif %}", "{% if x or 'b' %}a{% else %}b{% endif %}", "{% if 'a' and 'b' or 'c' %}a{% else %}b{% endif %}",
    "{% if 1 and 2 %}a{% else %}b{% endif %}", "{{ messages | items | length }}", "{% for m in messages if m.role == 'user' %}a{% endfor %}",
    "{% for m in tools or [] %}a{% endfor %}b", "{{ x ~ 'a' }}", "{{ none ~ 'a' }}", "{{ true ~ 'a' }}", "{% set x = true and 'a' %}{{ x + 'b' }}",
    "{{ (messages | length - 3) % 2 }}", "{% set x = '' %}{% if x == false %}a{% else %}b{% endif %}",
    "{% set x = false %}{% if x != false %}a{% else %}b{% endif %}", "{% if none is defined %}a{% endif %}",
    "{% set x = none %}{% if x is defined %}a{% endif %}{% if x is none %}b{% endif %}", "{% if x is not none %}a{% endif %}",
    "{% if messages[0].tool_calls is not none %}a{% endif %}",
]


def main(out):
    shutil.rmtree(out, ignore_errors=True)
    for name, (template, kind) in TEMPLATES.items():
        folder = out / name
        folder.mkdir(parents=True)
        if kind == "llama":
            tokenizer, names = llama(), dict(bos_token="<s>", eos_token="</s>")
        else:
            tokenizer = byte_level()
            special = {"chatml": ["<|im_start|>", "<|im_end|>"], "llama3": ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"],
                       "gemma": ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"], "phi3": ["<s>", "</s>", "<|user|>", "<|assistant|>", "<|end|>"]}[kind]
            first = len(tokenizer["model"]["vocab"])
            tokenizer["added_tokens"] += [added(first + i, token) for i, token in enumerate(special)]
            names = dict(bos_token=special[0], eos_token=special[1])
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
        config = dict(tokenizer_class="PreTrainedTokenizerFast", **names)
        if name == "gemma":  # the newer files keep the template apart
            (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        elif name == "phi3":
            config["chat_template"] = [dict(name="tool_use", template="no"), dict(name="default", template=template)]
        else:
            config["chat_template"] = template
        (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        tok = AutoTokenizer.from_pretrained(folder)
        chats = []
        for question, answer in CHATS:
            alone = [dict(role="user", content=question)]
            both = alone + [dict(role="assistant", content=answer)]
            text = tok.apply_chat_template(alone, add_generation_prompt=True, tokenize=False)
            answered = tok.apply_chat_template(both, continue_final_message=True, tokenize=False)
            ids = tok.apply_chat_template(alone, add_generation_prompt=True, tokenize=True, return_dict=False)
            answered_ids = tok.apply_chat_template(both, continue_final_message=True, tokenize=True, return_dict=False)
            chats.append(dict(question=question, answer=answer, text=text, ids=ids, answered=answered, answered_ids=answered_ids))
        (folder / "expected.json").write_text(json.dumps(chats, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(name, json.dumps(chats[0]["answered"], ensure_ascii=False))
    constructs = dict(same=[construct(t) for t in SAME + [f"{{% if {c} %}}T{{% else %}}F{{% endif %}}" for c in CONDITIONS]], other=[construct(t) for t in OTHER])
    (out / "constructs.json").write_text(json.dumps(constructs, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(len(SAME) + len(CONDITIONS), "constructs have to be rendered,", len(OTHER), "may be refused")


def construct(template):
    messages = [dict(role="user", content="Hi there"), dict(role="assistant", content=" Yes ")]
    random.seed(0)  # of lipsum
    try:
        text = chat_template_utils.render_jinja_template([messages], chat_template=template, add_generation_prompt=True, bos_token="<s>", eos_token="</s>")[0][0]
        text = re.sub("0x[0-9a-f]+", "0x0", text)  # addresses of objects, which differ each time
    except Exception:  # of whatever kind: Jinja2 refuses it
        text = None
    return dict(template=template, text=text)


main(pathlib.Path(sys.argv[1]))
