import { Body, Controller, Header, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IssuedToken, SetUp, SignIn } from '@ossea/api-contract';
import { Answers } from '../http/answers.js';
import { AccessService } from './access.service.js';
import { Open } from './open.js';

@ApiTags('access')
@Controller('api/v1/access')
export class AccessController {
  constructor(private readonly access: AccessService) {}

  @Post('set-up')
  @Open()
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  @Answers('Trades the one-time code of the first start for a token', IssuedToken, 201)
  setUp(@Body({ schema: SetUp }) body: SetUp, @Ip() address: string): Promise<IssuedToken> {
    return this.access.setUp(body, address);
  }

  @Post('sign-in')
  @Open()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @Answers("Trades the administrator's password for a token that ends after 12 hours", IssuedToken)
  signIn(@Body({ schema: SignIn }) body: SignIn, @Ip() address: string): Promise<IssuedToken> {
    return this.access.signIn(body, address);
  }
}
