"""Writes the types and the schema of vim25 that the client uses, from pyvmomi's own tables.

usage: generate-vim25.py <dist-packages of python3-pyvmomi> <directory for types.ts and schema.ts>

pyvmomi lists the properties of a type in the order of the xsd, which a server insists on. Both files take the
closure of what vim25-selection.py names, so that they stay small.
"""
import runpy
import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from pyVmomi import VmomiSupport as V  # noqa: E402  (the path to it is an argument)

NAMESPACE = 'urn:vim25'
CHOSEN = runpy.run_path(str(Path(__file__).with_name('vim25-selection.py')))
# what an element of the type holds, as the codec names it; the names of types, methods and properties are text
PRIMITIVES = {
    'object': 'any', 'str': 'string', 'bool': 'boolean', 'byte': 'byte', 'short': 'short', 'int': 'int',
    'long': 'long', 'float': 'float', 'double': 'double', 'datetime': 'dateTime', 'binary': 'base64Binary',
    'URI': 'string', 'type': 'string', 'ManagedMethod': 'string', 'PropertyPath': 'string',
}
NUMBERS = {'byte', 'short', 'int', 'long', 'float', 'double'}
# what pyvmomi has on every object and the wire either never carries or nobody reads
LEFT_OUT = {'dynamicType', 'dynamicProperty', 'msg'}
SOURCE = """// Made by generate-vim25.py from the tables of pyvmomi {version} (Apache-2.0; see NOTICE). Not to be edited.
"""


def vim(name):
    return V.GetWsdlType(NAMESPACE, name)


def below(cls):
    """All subclasses of a type that vim25 itself has (pbm, sms and the others extend its roots too)."""
    found = []
    for sub in cls.__subclasses__():
        if V.GetWsdlNamespace(sub._version) == NAMESPACE:
            found += [sub, *below(sub)]
    return found


def is_managed(cls):
    return issubclass(cls, V.ManagedObject)


def item_of(cls):
    return (cls.Item, True) if issubclass(cls, list) else (cls, False)


def code_of(cls):
    """How the schema names a type: a primitive, `@Type` for a reference to a managed object, or its own name."""
    if cls.__name__ in PRIMITIVES and '_wsdlName' not in cls.__dict__:
        return PRIMITIVES[cls.__name__]
    return '@' + cls._wsdlName if is_managed(cls) else cls._wsdlName


def base_of(cls):
    """The base as the client has it: what pyvmomi derives from something of its own is a plain structure."""
    base = cls.__bases__[0]
    plain = cls._wsdlName == 'LocalizedMethodFault' or base is V.DataObject
    return vim('DynamicData') if plain else base


def is_data(cls):
    return issubclass(cls, V.DataObject)


def is_enum(cls):
    return issubclass(cls, V.Enum)


class Field:
    def __init__(self, entry, wrapped_fault=True):
        self.name = entry.name
        self.type, self.array = item_of(entry.type)
        if wrapped_fault and is_data(self.type) and issubclass(self.type, vim('MethodFault')):
            # pyvmomi hides the message around a fault within a structure: its SoapAdapter writes it by hand
            self.type = vim('LocalizedMethodFault')
        self.code = code_of(self.type)
        self.optional = bool(entry.flags & V.F_OPTIONAL)

    def schema(self):
        return f"{self.name}:{self.code}{'[]' if self.array else ''}{'?' if self.optional else ''}"

    def typescript(self):
        return f"{self.name}{'?' if self.optional else ''}: {typescript(self.code, self.type, self.array)}"


def typescript(code, cls, array):
    if code == 'any':
        text = 'unknown'
    elif code in NUMBERS:
        text = 'number'
    elif code == 'boolean':
        text = 'boolean'
    elif code in PRIMITIVES.values():
        text = 'string'
    elif code[0] == '@':
        # a reference of a type that has subtypes may well name one of those
        text = 'MoRef' if below(cls) else f"MoRef<'{cls._wsdlName}'>"
    else:
        text = code
    return f'readonly {text}[]' if array else text


def own_fields(cls):
    """The fields a type adds to its base, in the order of the xsd."""
    inherited = {entry.name for base in {base_of(cls), cls.__bases__[0]} for entry in base._GetPropertyList()}
    wrapped = cls._wsdlName != 'LocalizedMethodFault'
    return [Field(e, wrapped) for e in cls._GetPropertyList() if e.name not in inherited | LEFT_OUT]


def closure(first):
    """All data types and enums that the given ones need: bases, fields, and the subtypes of the chosen roots."""
    todo, seen = list(first), {}
    for name in CHOSEN['POLYMORPHIC']:
        todo += [vim(name), *below(vim(name))]
    todo += [vim(name) for name in CHOSEN['FAULTS']]
    while todo:
        cls = todo.pop()
        name = getattr(cls, '_wsdlName', None)
        if name is None or name in seen or is_managed(cls) or not (is_data(cls) or is_enum(cls)):
            continue
        seen[name] = cls
        if is_data(cls) and name != 'DynamicData':
            todo.append(base_of(cls))
            todo += [field.type for field in own_fields(cls)]
    return seen


def managed_fields(name):
    """The chosen properties of a managed object; a name that is not there is a mistake in the choice."""
    own = {entry.name: Field(entry) for entry in vim(name)._GetPropertyList(False)}
    wanted = CHOSEN['MANAGED'][name]
    return [own[wish] for wish in wanted]


def managed_base(name):
    base = vim(name).__bases__[0]._wsdlName
    return base if base in CHOSEN['MANAGED'] else ''


class Method:
    def __init__(self, name):
        info = V.GetWsdlMethod(NAMESPACE, name).info
        self.name, self.owner = name, info.type._wsdlName
        self.params = [Field(param) for param in info.params]
        self.result = None
        if info.result is not V.NoneType and info.result is not type(None):
            self.type, self.array = item_of(info.result)
            self.code = code_of(self.type)
            self.optional = bool(info.resultFlags & V.F_OPTIONAL)
            self.result = f"{self.code}{'[]' if self.array else ''}{'?' if self.optional else ''}"

    def schema(self):
        params = ' '.join(field.schema() for field in self.params)
        return f"{self.owner}|{params}|{self.result or ''}"

    def typescript(self):
        args = '; '.join(field.typescript() for field in self.params)
        result = 'void'
        if self.result:
            result = typescript(self.code, self.type, self.array)
            # an array that is empty is an absent one on the wire, and decoded as an empty one
            result += ' | undefined' if self.optional and not self.array else ''
        args = f'{{ {args} }}' if args else '{}'
        return f"  {self.name}: {{ self: '{self.owner}'; args: {args}; result: {result} }};"

    def types(self):
        return [field.type for field in self.params] + ([self.type] if self.result else [])


def ordered(classes):
    return [classes[name] for name in sorted(classes)]


def enum_values(cls):
    return [value for value in cls.values if value != 'unset_value']


def write_types(out, version, classes, methods):
    lines = [SOURCE.format(version=version), "import type { ManagedObjectReference as MoRef } from '../references.js';", '']
    for cls in ordered(classes):
        name = cls._wsdlName
        if is_enum(cls):
            lines.append(f"export type {name} = {' | '.join(repr(v) for v in enum_values(cls))};")
        elif name == 'DynamicData':
            lines.append('export interface DynamicData { $type: string; $declared?: string }')
        else:
            fields = '; '.join(field.typescript() for field in own_fields(cls))
            lines.append(f"export interface {name} extends {base_of(cls)._wsdlName} {{ {fields} }}".replace('{  }', '{}'))
    lines += ['', '/** All data types by their name. */', 'export interface DataTypes {']
    lines += [f'  {c._wsdlName}: {c._wsdlName};' for c in ordered(classes) if is_data(c)]
    lines += ['}', '', '/** The properties of the managed objects, as a property collector names them. */']
    lines.append('export interface ManagedObjects {')
    for name in sorted(CHOSEN['MANAGED']):
        fields = '; '.join(field.typescript() for field in managed_fields(name))
        text = f'{{ {fields} }}' if fields else '{}'
        base = managed_base(name)
        lines.append(f"  {name}: {text}{f' & ManagedObjects[{base!r}]' if base else ''};")
    lines += ['}', '', '/** The methods: whose they are, their arguments and what they give back. */']
    lines += ['export interface Methods {', *(method.typescript() for method in methods), '}', '']
    out.joinpath('types.ts').write_text('\n'.join(lines))


def write_schema(out, version, classes, methods):
    def table(name, comment, rows):
        body = [f"  {key}: '{value}'," for key, value in rows]
        return [f'/** {comment} */', f'export const {name}: Readonly<Record<string, string>> = {{', *body, '};', '']

    def type_row(cls):
        if is_enum(cls):
            return '=' + ' '.join(enum_values(cls))
        if cls._wsdlName == 'DynamicData':
            return '|'
        return f"{base_of(cls)._wsdlName}|{' '.join(field.schema() for field in own_fields(cls))}"

    managed = [
        (name, f"{managed_base(name)}|{' '.join(field.schema() for field in managed_fields(name))}")
        for name in sorted(CHOSEN['MANAGED'])
    ]
    known = sorted(
        {V.versionIdMap[v] for v in V.versionIdMap if v.startswith('vim.version.') and V.versionIdMap[v][0].isdigit()}
        - {'2.5u2', '2.5u2server'},
        key=lambda text: [int(part) for part in text.split('.')],
    )
    lines = [SOURCE.format(version=version)]
    lines.append('/** The versions of the API that the schema knows, the oldest first. */')
    lines += [f"export const VERSIONS = '{' '.join(known)}'.split(' ');", '']
    lines += table('TYPES', 'Data types `base|name:type[]? …` in the order of the xsd, and enums `=value …`.',
                   [(cls._wsdlName, type_row(cls)) for cls in ordered(classes)])
    lines += table('MANAGED', 'Managed objects `base|property:type[]? …`.', managed)
    lines += table('METHODS', 'Methods `owner|argument:type[]? …|result`.', [(m.name, m.schema()) for m in methods])
    out.joinpath('schema.ts').write_text('\n'.join(lines))


def main():
    # pyvmomi loads its types at first use; a subclass that is not loaded is not found by __subclasses__
    for key in list(V._wsdlDefMap):
        V.GetWsdlType(*key)
    methods = [Method(name) for name in sorted(CHOSEN['METHODS'])]
    first = [cls for method in methods for cls in method.types()]
    first += [field.type for name in CHOSEN['MANAGED'] for field in managed_fields(name)]
    classes = closure(first)
    out, version = Path(sys.argv[2]), version_of('pyvmomi')
    write_types(out, version, classes, methods)
    write_schema(out, version, classes, methods)
    print(f'{len(classes)} types, {len(methods)} methods, {len(CHOSEN["MANAGED"])} managed objects')


main()
